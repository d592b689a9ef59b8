"""What people who come from git, pachctl, lakectl or DVC type, and what it is called here."""

from __future__ import annotations

from collections.abc import Iterable

#: What can be done to each noun, here behind it.
_ACTIONS = {
    "repo": ("create", "list", "inspect", "delete"),
    "branch": ("create", "list", "move", "delete", "protect", "unprotect"),
    "tag": ("create", "list", "delete"),
    "pipeline": ("create", "update", "list", "inspect", "delete"),
    "job": ("list", "inspect", "logs"),
    "datum": ("list",),
}
_PLURALS = {"branches": "branch"} | {f"{noun}s": noun for noun in _ACTIONS if noun != "branch"}

#: What others call a verb, and what to run here.
_VERBS = {
    "abort": "datavc reset REPO",
    "add": "datavc put FILE REPO",
    "annotate": "datavc log REPO:/PATH",
    "blame": "datavc log REPO:/PATH",
    "clone": "datavc checkout REPO FOLDER",
    "config": "datavc info; what is set is in the environment",
    "copy": "datavc cherry-pick, or datavc get and datavc put",
    "cp": "datavc put FILE REPO@BRANCH:/PATH",
    "delete": "datavc rm REPO@BRANCH:/PATH",
    "download": "datavc get REPO@REF:/PATH",
    "fetch": "datavc pull",
    "find": "datavc ls -R 'REPO:/**/NAME'",
    "fs": "datavc ls, datavc cat, datavc put, datavc get",
    "glob": "datavc ls 'REPO:/*.csv'",
    "init": "datavc repo create REPO",
    "list": "datavc ls REPO, or datavc repo list",
    "mount": "datavc checkout REPO FOLDER",
    "mv": "datavc put and datavc rm: what is stored already is not stored again",
    "push": "datavc commit: in a working copy it lands on the branch at once",
    "rebase": "datavc cherry-pick REPO@REF REPO@BRANCH, commit by commit",
    "remove": "datavc rm REPO@BRANCH:/PATH",
    "repro": "datavc pipeline update -f SPEC",
    "rollback": "datavc undo REPO, or datavc revert REPO@BRANCH REF",
    "run": "datavc pipeline create -f SPEC",
    "stage": "datavc put FILE REPO",
    "stash": "datavc switch -c NAME, and commit there",
    "upload": "datavc put FILE REPO",
    "verify": "datavc fsck",
}

#: pachctl's way, action first, of what is no noun here.
_PHRASES = {
    ("start", "commit"): "datavc put FILE REPO: what is put is staged until it is committed",
    ("finish", "commit"): "datavc commit REPO -m MESSAGE",
    ("list", "commit"): "datavc log REPO",
    ("inspect", "commit"): "datavc show REPO@REF",
    ("squash", "commit"): "datavc retention, and datavc gc",
    ("delete", "commit"): "datavc undo REPO, or datavc revert REPO@BRANCH REF",
    ("wait", "commit"): "datavc wait REPO@REF",
    ("put", "file"): "datavc put FILE REPO@BRANCH:/PATH",
    ("get", "file"): "datavc get REPO@REF:/PATH",
    ("list", "file"): "datavc ls REPO@REF:/PATH",
    ("glob", "file"): "datavc ls 'REPO@REF:/*.csv'",
    ("diff", "file"): "datavc diff REPO@REF @REF",
    ("delete", "file"): "datavc rm REPO@BRANCH:/PATH",
    ("copy", "file"): "datavc get and datavc put: what is stored already is not stored again",
    ("create", "commit"): "datavc commit REPO -m MESSAGE",
    ("branch", "reset"): "datavc reset REPO",
    ("branch", "revert"): "datavc revert REPO@BRANCH REF",
    ("branch", "show"): "datavc log REPO@BRANCH --limit 1",
    ("branch", "rename"): "datavc branch create REPO@NEW --from OLD, and datavc branch delete",
    ("branch", "switch"): "datavc switch BRANCH",
    ("tag", "show"): "datavc show REPO@TAG",
    ("tag", "move"): "datavc tag delete REPO@TAG, and datavc tag create REPO@TAG --at REF",
}


def known_here_as(words: Iterable[str]) -> str:
    """What to run instead of the verb that *words* begin with; empty where nobody can tell.

    Args:
        words: the arguments, without options.
    """
    first, second = (*words, "", "")[:2]
    thing = second.removesuffix("s")
    phrase = _PHRASES.get((first, thing)) or _PHRASES.get((thing, first))
    if phrase:
        return phrase
    if first in _PLURALS:
        return f"datavc {_PLURALS[first]} list"
    noun = _PLURALS.get(second, second)
    if first in _ACTIONS.get(noun, ()):
        return f"datavc {noun} {first}"
    return _VERBS.get(first, "")
