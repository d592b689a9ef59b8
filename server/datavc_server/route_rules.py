"""What each route asks of whoever calls it: the one table of it, and its enforcement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from fastapi import Request

from datavc.access.caller import Caller, may_somewhere, require
from datavc.errors import AccessDenied, NotFound
from datavc.model.role import Action
from datavc_server.encoded_slash import decode_slashes
from datavc_server.request_facts import facts_of

_API = "/api/v1"


class Where(Enum):
    """Where an action must be allowed."""

    #: In all repos, those to come as well.
    EVERYWHERE = auto()
    #: In the repo that the path names.
    REPO = auto()
    #: On the branch that the path names.
    BRANCH = auto()
    #: In any repo at all: the route itself knows in which, and shows or does only what it may.
    SOMEWHERE = auto()
    #: Nowhere: it is enough to be let in.
    NOWHERE = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for."""

    action: Action
    where: Where
    #: Whether it changes something, and so is written to the audit log.
    changes: bool


_ACTIONS = {
    "read": Action.READ,
    "write": Action.WRITE,
    "maintain": Action.MAINTAIN,
    "administer": Action.ADMINISTER,
}
_PLACES = {
    "everywhere": Where.EVERYWHERE,
    "repo": Where.REPO,
    "branch": Where.BRANCH,
    "somewhere": Where.SOMEWHERE,
    "nowhere": Where.NOWHERE,
}

#: Action, where, and what of it is written to the audit log, of every route.
_TABLE = """
GET     /health                                             read        nowhere     -
GET     /health/live                                        read        nowhere     -
GET     /health/ready                                       read        nowhere     -
GET     /metrics                                            read        everywhere  -
GET     /store                                              read        nowhere     -
GET     /auth/whoami                                        read        nowhere     -
GET     /auth/oidc                                          read        nowhere     -
POST    /auth/oidc                                          read        nowhere     audit

GET     /repos                                              read        nowhere     -
POST    /repos                                              maintain    somewhere   audit
GET     /repos/{repo}                                       read        repo        -
DELETE  /repos/{repo}                                       maintain    repo        audit
GET     /repos/{repo}/ref-log                               read        repo        -
GET     /repos/{repo}/branches                              read        repo        -
POST    /repos/{repo}/branches                              read        repo        audit
GET     /repos/{repo}/branches/{branch}                     read        repo        -
PATCH   /repos/{repo}/branches/{branch}                     write       branch      audit
DELETE  /repos/{repo}/branches/{branch}                     write       branch      audit
GET     /repos/{repo}/tags                                  read        repo        -
POST    /repos/{repo}/tags                                  write       repo        audit
DELETE  /repos/{repo}/tags/{tag}                            maintain    repo        audit
POST    /repos/{repo}/names/{branch}/undo                   write       branch      audit
GET     /repos/{repo}/protections                           read        repo        -
PUT     /repos/{repo}/protections                           maintain    repo        audit
DELETE  /repos/{repo}/protections                           maintain    repo        audit
GET     /repos/{repo}/triggers                              read        repo        -
PUT     /repos/{repo}/triggers/{branch}                     maintain    repo        audit
DELETE  /repos/{repo}/triggers/{branch}                     maintain    repo        audit
GET     /repos/{repo}/retention                             read        repo        -
PUT     /repos/{repo}/retention                             maintain    repo        audit
DELETE  /repos/{repo}/retention                             maintain    repo        audit

GET     /repos/{repo}/branches/{branch}/staging             read        repo        -
GET     /repos/{repo}/branches/{branch}/staging/records     read        repo        -
POST    /repos/{repo}/branches/{branch}/staging             write       branch      audit
DELETE  /repos/{repo}/branches/{branch}/staging             write       branch      audit
POST    /repos/{repo}/branches/{branch}/commits             write       branch      audit
POST    /repos/{repo}/branches/{branch}/fetches             write       branch      audit
POST    /repos/{repo}/branches/{branch}/merges              write       branch      audit
POST    /repos/{repo}/branches/{branch}/reverts             write       branch      audit
POST    /repos/{repo}/branches/{branch}/cherry-picks        write       branch      audit
POST    /transactions                                       write       somewhere   audit

GET     /repos/{repo}/refs/{ref}                            read        repo        -
GET     /repos/{repo}/refs/{ref}/merge-base                 read        repo        -
GET     /repos/{repo}/refs/{ref}/tree                       read        repo        -
GET     /repos/{repo}/refs/{ref}/log                        read        repo        -
GET     /repos/{repo}/refs/{ref}/lineage                    read        repo        -
GET     /repos/{repo}/refs/{ref}/usage                      read        repo        -
GET     /repos/{repo}/refs/{ref}/files                      read        repo        -
GET     /repos/{repo}/refs/{ref}/stat/{path:path}           read        repo        -
GET     /repos/{repo}/refs/{ref}/files/{path:path}          read        repo        -
PUT     /repos/{repo}/refs/{ref}/files/{path:path}          write       branch      audit
GET     /repos/{repo}/refs/{ref}/reproductions              read        repo        -
POST    /repos/{repo}/refs/{ref}/reproductions              maintain    repo        audit
GET     /repos/{repo}/diff                                  read        repo        -

GET     /pipelines                                          read        nowhere     -
POST    /pipelines                                          maintain    somewhere   audit
GET     /pipelines/{pipeline}                               read        somewhere   -
DELETE  /pipelines/{pipeline}                               maintain    somewhere   audit
POST    /pipelines/{pipeline}/ticks                         write       somewhere   audit
POST    /pipelines/{pipeline}/stop                          maintain    somewhere   audit
POST    /pipelines/{pipeline}/start                         maintain    somewhere   audit
POST    /pipelines/{pipeline}/run                           write       somewhere   audit
GET     /pipelines/{pipeline}/versions                      read        somewhere   -
GET     /pipelines/{pipeline}/diff                          read        somewhere   -
GET     /pipeline-specs/schema                              read        nowhere     -
POST    /pipeline-specs/validate                            maintain    somewhere   -
POST    /pipeline-specs/datums                              read        somewhere   -
GET     /logs                                               read        somewhere   -
GET     /logs/events                                        read        somewhere   -
POST    /jobs/restart-failed                                write       somewhere   audit
POST    /jobs/{job}/stop                                    write       somewhere   audit
POST    /jobs/{job}/restart                                 write       somewhere   audit
GET     /jobs/{job}/datums/{datum}                          read        somewhere   -
POST    /jobs/{job}/datums/{datum}/restart                  write       somewhere   audit
GET     /jobs                                               read        nowhere     -
GET     /jobs/events                                        read        nowhere     -
GET     /jobs/{job}                                         read        somewhere   -
GET     /jobs/{job}/datums                                  read        somewhere   -
GET     /jobs/{job}/events                                  read        somewhere   -
GET     /jobs/{job}/logs                                    read        somewhere   -
GET     /jobs/{job}/logs/events                             read        somewhere   -
GET     /runs/{run}                                         read        nowhere     -
GET     /runs/{run}/events                                  read        nowhere     -
GET     /secrets                                            administer  everywhere  -
POST    /secrets                                            administer  everywhere  audit
DELETE  /secrets/{secret}                                   administer  everywhere  audit
GET     /webhooks                                           administer  everywhere  -
POST    /webhooks                                           administer  everywhere  audit
DELETE  /webhooks/{webhook}                                 administer  everywhere  audit
GET     /webhooks/{webhook}/deliveries                      administer  everywhere  -
GET     /inbound-webhooks                                   maintain    somewhere   -
POST    /inbound-webhooks                                   maintain    somewhere   audit
PATCH   /inbound-webhooks/{hook}                            maintain    somewhere   audit
DELETE  /inbound-webhooks/{hook}                            maintain    somewhere   audit
POST    /inbound-webhooks/{hook}/secret                     maintain    somewhere   audit
POST    /hooks/{hook}                                       read        nowhere     audit
GET     /s3-keys                                            read        nowhere     -
POST    /s3-keys                                            read        nowhere     audit
DELETE  /s3-keys/{key}                                      read        nowhere     audit

POST    /gc                                                 administer  everywhere  audit
POST    /fsck                                               administer  everywhere  audit
GET     /purges                                             administer  everywhere  -
POST    /purges                                             administer  everywhere  audit
GET     /usage                                              read        nowhere     -
GET     /retention                                          read        nowhere     -

POST    /records                                            read        somewhere   -
POST    /chunks/lookup                                      write       somewhere   -
GET     /packs                                              read        everywhere  -
GET     /packs/{pack}                                       read        everywhere  -
GET     /packs/{pack}/moves                                 read        everywhere  -
GET     /packs/{pack}/url                                   read        everywhere  -
PUT     /packs/{pack}                                       write       somewhere   -
POST    /packs/{pack}                                       write       somewhere   -
DELETE  /packs/{pack}                                       write       somewhere   -
POST    /packs/{pack}/upload                                write       somewhere   -
GET     /packs/{pack}/upload/parts                          write       somewhere   -
POST    /packs/{pack}/upload/complete                       write       somewhere   -
DELETE  /packs/{pack}/upload                                write       somewhere   -

GET     /auth/accounts                                      administer  everywhere  -
POST    /auth/accounts                                      administer  everywhere  audit
GET     /auth/accounts/{account}                            administer  everywhere  -
PATCH   /auth/accounts/{account}                            administer  everywhere  audit
DELETE  /auth/accounts/{account}                            administer  everywhere  audit
GET     /auth/groups                                        administer  everywhere  -
POST    /auth/groups                                        administer  everywhere  audit
DELETE  /auth/groups/{group}                                administer  everywhere  audit
PUT     /auth/groups/{group}/members/{account}              administer  everywhere  audit
DELETE  /auth/groups/{group}/members/{account}              administer  everywhere  audit
GET     /auth/roles                                         read        nowhere     -
POST    /auth/roles                                         administer  somewhere   audit
DELETE  /auth/roles                                         administer  somewhere   audit
GET     /auth/tokens                                        read        nowhere     -
POST    /auth/tokens                                        read        nowhere     audit
DELETE  /auth/tokens/{token}                                read        nowhere     audit
GET     /audit-log                                          administer  everywhere  -
"""


def _read_table(text: str) -> dict[tuple[str, str], Rule]:
    rules = {}
    for line in filter(None, text.splitlines()):
        method, path, action, where, written = line.split()
        rules[method, path] = Rule(_ACTIONS[action], _PLACES[where], written == "audit")
    return rules


RULES = _read_table(_TABLE)

#: Routes that want no token, since one is had by them.
OPEN = frozenset({f"{_API}/auth/oidc"})
#: What is below wants no token, since what comes in is signed.
SIGNED = f"{_API}/hooks/"


async def authorize(request: Request) -> None:
    """Make sure that whoever asks may use the route.

    Raises:
        AccessDenied: it may not, or the route has no rule.
        NotFound: it may not even know of the repo.
    """
    facts = facts_of(request.scope)
    path = request.scope["route"].path.removeprefix(_API)
    facts.request = f"{request.method} {path}"
    rule = rule_of(request.method, path)
    caller = facts.caller
    if rule is None or caller is None:
        raise AccessDenied(f"nobody may use {facts.request}")
    facts.changes = rule.changes
    names = request.path_params
    facts.repo = decode_slashes(names.get("repo", ""))
    if rule.where is Where.BRANCH:
        facts.branch = decode_slashes(names["branch"] if "branch" in names else names["ref"])
    try:
        _check(rule, caller, facts.repo, facts.branch)
    except (AccessDenied, NotFound) as error:
        facts.refuse(f"{error.message} (may not {rule.action.value})")
        raise


def rule_of(method: str, path: str) -> Rule | None:
    """The rule of a route, named by its path below the API's own."""
    return RULES.get(("GET" if method == "HEAD" else method, path))


def _check(rule: Rule, caller: Caller, repo: str, branch: str) -> None:
    if rule.where is Where.EVERYWHERE:
        require(caller, rule.action)
    elif rule.where is Where.REPO:
        require(caller, rule.action, repo)
    elif rule.where is Where.BRANCH:
        require(caller, rule.action, repo, branch)
    elif rule.where is Where.SOMEWHERE and not may_somewhere(caller, rule.action):
        raise AccessDenied(
            f"account {caller.account!r} may {rule.action.value} nowhere",
            hint="`datavc auth whoami` tells what it may do; ask an admin for a role",
        )
