"""An example or two of every command, for its help."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc

#: By the command's words; a line for each example.
EXAMPLES = {
    "put": """
        datavc put -r photos/ images@main:/2026 -m "the first photos"
        datavc put labels.csv images""",
    "rm": """
        datavc rm -r images@main:/2025 -m "old ones" """,
    "ls": """
        datavc ls -R -l images@v1:/2026
        datavc ls 'images:/**/*.png'""",
    "cat": """
        datavc cat images@main~1:/labels.csv""",
    "get": """
        datavc get images@v1:/2026 -o photos""",
    "export": """
        datavc export images@v1 s3://bucket/images
        datavc export images published --dry-run""",
    "checkout": """
        datavc checkout images@main work
        datavc checkout images:/2026 photos""",
    "pull": """
        datavc pull""",
    "switch": """
        datavc switch v1
        datavc switch -c experiment""",
    "restore": """
        datavc restore labels.csv
        datavc restore --all""",
    "status": """
        datavc status images
        datavc status""",
    "commit": """
        datavc commit images -m "more photos"
        datavc commit images labels -m "photos and their labels" """,
    "reset": """
        datavc reset images:/2026/blurred.png
        datavc reset images""",
    "log": """
        datavc log images:/labels.csv --since '2 weeks ago'
        datavc log images@v1..main""",
    "show": """
        datavc show images@main~1 --stat
        datavc show images -p""",
    "diff": """
        datavc diff images@v1 @main --stat
        datavc diff -p images@main...relabel:/labels.csv --key id""",
    "merge": """
        datavc merge images@relabel main
        datavc merge images@relabel main --theirs labels.csv --use notes.txt=both.txt""",
    "revert": """
        datavc revert images@main main~2 -m "that was wrong" """,
    "cherry-pick": """
        datavc cherry-pick images@relabel~1 images@main""",
    "undo": """
        datavc undo images
        datavc undo images@experiment""",
    "reflog": """
        datavc reflog images --limit 20""",
    "lineage": """
        datavc lineage models@main
        datavc lineage --downstream images@main~1
        datavc lineage models@main --svg lineage.svg""",
    "reproduce": """
        datavc reproduce models@main
        datavc reproduce models@main --tolerance 1e-6 --metrics /metrics.json""",
    "wait": """
        datavc wait images@main --timeout 600""",
    "du": """
        datavc du
        datavc du images@v1""",
    "gc": """
        datavc gc --dry-run""",
    "purge": """
        datavc purge people:/ann.csv --reason "request 17"
        datavc purge --list""",
    "fsck": """
        datavc fsck --deep""",
    "info": """
        datavc info""",
    "version": """
        datavc version""",
    "engine": """
        datavc engine""",
    "serve": """
        datavc serve --port 8250
        datavc serve --host 0.0.0.0 --token-file token""",
    "repo create": """
        datavc repo create images --description "what the cameras saw" """,
    "repo list": """
        datavc repo list""",
    "repo inspect": """
        datavc repo inspect images""",
    "repo delete": """
        datavc repo delete images""",
    "branch create": """
        datavc branch create images@relabel --from main""",
    "branch list": """
        datavc branch list images""",
    "branch move": """
        datavc branch move images@main v1 --expect main@{1}""",
    "branch delete": """
        datavc branch delete images@relabel""",
    "branch protect": """
        datavc branch protect images 'release/*'
        datavc branch protect images main --allow-commits""",
    "branch unprotect": """
        datavc branch unprotect images 'release/*'""",
    "branch trigger": """
        datavc branch trigger images@release --follow main --commits 10
        datavc branch trigger images@release --remove""",
    "branch triggers": """
        datavc branch triggers images""",
    "branch protections": """
        datavc branch protections images""",
    "tag create": """
        datavc tag create images@v1 --at main~1""",
    "tag list": """
        datavc tag list images""",
    "tag delete": """
        datavc tag delete images@v1""",
    "pipeline create": """
        datavc pipeline create -f edges.yaml""",
    "pipeline update": """
        datavc pipeline update -f edges.yaml --reprocess""",
    "pipeline list": """
        datavc pipeline list""",
    "pipeline inspect": """
        datavc pipeline inspect edges""",
    "pipeline validate": """
        datavc pipeline validate -f edges.yaml""",
    "pipeline schema": """
        datavc pipeline schema""",
    "pipeline edit": """
        datavc pipeline edit edges""",
    "pipeline history": """
        datavc pipeline history edges""",
    "pipeline diff": """
        datavc pipeline diff edges
        datavc pipeline diff edges 1 3""",
    "pipeline run": """
        datavc pipeline run edges
        datavc pipeline run edges images@main~1
        datavc pipeline run edges --param THRESHOLD=0.5""",
    "pipeline stop": """
        datavc pipeline stop edges""",
    "pipeline start": """
        datavc pipeline start edges""",
    "pipeline run-cron": """
        datavc pipeline run-cron fetch""",
    "s3 key create": """
        datavc s3 key create --account ana
        datavc s3 key create --read-only""",
    "s3 key list": """
        datavc s3 key list""",
    "s3 key revoke": """
        datavc s3 key revoke DVCQ4ZB2YAJ7WNNPZE6""",
    "secret create": """
        datavc secret create warehouse password=password.txt""",
    "secret list": """
        datavc secret list""",
    "secret delete": """
        datavc secret delete warehouse""",
    "webhook create": """
        datavc webhook create https://ci.example.com/hook --event commit --repo images""",
    "webhook list": """
        datavc webhook list""",
    "webhook delete": """
        datavc webhook delete 0f3a9c5d7e1b""",
    "webhook deliveries": """
        datavc webhook deliveries 0f3a9c5d7e1b""",
    "webhook inbound create": """
        datavc webhook inbound create sizes
        datavc webhook inbound create sizes --param REVISION=/head_commit/id
        datavc webhook inbound create --branch images@main""",
    "webhook inbound list": """
        datavc webhook inbound list""",
    "webhook inbound rotate": """
        datavc webhook inbound rotate 0f3a9c5d7e1b --overlap 1h""",
    "webhook inbound disable": """
        datavc webhook inbound disable 0f3a9c5d7e1b""",
    "webhook inbound enable": """
        datavc webhook inbound enable 0f3a9c5d7e1b""",
    "webhook inbound delete": """
        datavc webhook inbound delete 0f3a9c5d7e1b""",
    "pipeline delete": """
        datavc pipeline delete edges""",
    "job list": """
        datavc job list --limit 5""",
    "job inspect": """
        datavc job inspect 01a20b075b06""",
    "job logs": """
        datavc job logs 01a20b075b06
        datavc job logs 01a20b075b06 -f --grep error""",
    "job stop": """
        datavc job stop 01a20b075b06""",
    "job restart": """
        datavc job restart 01a20b075b06
        datavc job restart --failed""",
    "job wait": """
        datavc job wait 01a20b075b06 --timeout 600""",
    "logs": """
        datavc logs --pipeline edges --tail 100
        datavc logs --pipeline edges -f""",
    "datum list": """
        datavc datum list 01a20b075b06
        datavc datum list --input edges.yaml""",
    "datum inspect": """
        datavc datum inspect 01a20b075b06 a2c0f3e13040""",
    "datum restart": """
        datavc datum restart 01a20b075b06 a2c0f3e13040""",
    "auth login": """
        datavc auth login
        datavc auth login --token-file token
        datavc auth login --oidc""",
    "auth logout": """
        datavc auth logout""",
    "auth whoami": """
        datavc auth whoami""",
    "auth account create": """
        datavc auth account create ada@example.com
        datavc auth account create nightly --service""",
    "auth account list": """
        datavc auth account list""",
    "auth account show": """
        datavc auth account show ada@example.com
        datavc auth account show pipeline:sizes""",
    "auth account disable": """
        datavc auth account disable ada@example.com
        datavc auth account disable pipeline:sizes""",
    "auth account enable": """
        datavc auth account enable ada@example.com""",
    "auth account limit": """
        datavc auth account limit nightly --bytes 500Gi --repos 20 --requests 600""",
    "auth account link": """
        datavc auth account link ada@example.com https://login.example.com 248289761001""",
    "auth account delete": """
        datavc auth account delete ada@example.com""",
    "auth group create": """
        datavc auth group create labellers""",
    "auth group list": """
        datavc auth group list""",
    "auth group add": """
        datavc auth group add labellers ada@example.com""",
    "auth group remove": """
        datavc auth group remove labellers ada@example.com""",
    "auth group delete": """
        datavc auth group delete labellers""",
    "auth role grant": """
        datavc auth role grant ada@example.com writer 'images@feature/*'
        datavc auth role grant labellers reader 'team-*' --group""",
    "auth role revoke": """
        datavc auth role revoke ada@example.com writer 'images@feature/*'""",
    "auth role list": """
        datavc auth role list""",
    "auth token create": """
        datavc auth token create --name laptop --expires 90d
        datavc auth token create --account nightly --scope reader:images""",
    "auth token list": """
        datavc auth token list""",
    "auth token revoke": """
        datavc auth token revoke 5f0c2a91d3b84e67""",
    "audit log": """
        datavc audit log --outcome refused --since '2 days ago'
        datavc audit log --account nightly --repo images --json""",
    "retention set": """
        datavc retention set images 'scratch/*' --keep 30d""",
    "retention list": """
        datavc retention list images""",
    "retention remove": """
        datavc retention remove images 'scratch/*'""",
}


def help_of(command: str, function: Callable[..., object] | None) -> str:
    """The help of a command: what its function says of itself, and its examples."""
    said = cleandoc((function and function.__doc__) or "")
    lines = [line.strip() for line in EXAMPLES.get(command, "").splitlines() if line.strip()]
    if not lines:
        return said
    return "\n".join([said, "", "For example:", "", *(f"    {line}" for line in lines)])
