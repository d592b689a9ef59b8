"""What a warm container runs: ``sh`` reads one script per datum from its standard input.

The shell is the container's process 1, so ``kill -9 -1`` ends all that a datum left running and
spares the shell. A datum's end shows as a line with a nonce of its own on both output streams, so
that text of the transform is never taken for it and nothing printed before it is lost.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: What the shell is told once. Many shells read what they are told byte by byte, so it is told no
#: more than it must be. Only builtins where nothing is to be done: a fork costs more than the rest.
PRELUDE = """\
datavc_end() {
datavc_rc=$?
kill -9 -1 2>/dev/null
for datavc_file in /tmp/* /tmp/.[!.]* /tmp/..?*; do
if [ -e "$datavc_file" ] || [ -h "$datavc_file" ]; then rm -rf "$datavc_file" 2>/dev/null; fi
done
datavc_oom=0
for datavc_file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
if [ -r $datavc_file ]; then
while read -r datavc_key datavc_value; do
if [ "$datavc_key" = oom_kill ]; then datavc_oom=$datavc_value; fi
done <$datavc_file
fi
done
printf '%s\\n' $1 >&2
printf '%s %s %s\\n' $1 $datavc_rc $datavc_oom
}
"""


def datum_script(
    nonce: str, cmd: Sequence[str], env: Mapping[str, str], stdin: Sequence[str]
) -> str:
    """A script that runs *cmd* once and then prints the end markers, after :data:`PRELUDE`.

    Args:
        nonce: letters and digits that the transform cannot know.
        cmd: program and arguments.
        env: variables of this datum; their names must be identifiers.
        stdin: lines for the program's standard input.
    """
    exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in env.items())
    command = " ".join(shlex.quote(part) for part in cmd)
    if stdin:
        text = "".join(line + "\n" for line in stdin)
        redirect = f"<<'{nonce}'\n{text}{nonce}\n"
    else:
        redirect = "</dev/null\n"
    return f"(\n{exports}exec {command}\n) {redirect}datavc_end {nonce}\n"


def variable_name(name: str) -> str:
    """*name* as a variable's name: what no shell accepts in one becomes ``_``."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if _IDENTIFIER.fullmatch(plain) else f"_{plain}"


class EndMarker:
    """Takes one output stream apart into the transform's text and the marker that ends it."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._held = b""
        #: The words after the nonce, once the marker has come.
        self.words: list[str] | None = None

    def feed(self, data: bytes) -> bytes:
        """The part of the text that is certain not to belong to the marker."""
        self._held += data
        start = self._held.find(self._nonce)
        if start < 0:
            keep = min(len(self._held), len(self._nonce) - 1)
            text, self._held = self._held[: len(self._held) - keep], self._held[-keep:]
            return text
        text, tail = self._held[:start], self._held[start:]
        self._held = tail
        if b"\n" in tail:
            self.words = tail.split(b"\n", 1)[0].decode("ascii", "replace").split()[1:]
        return text

    def rest(self) -> bytes:
        """What was held back, when the stream ended without a marker."""
        held, self._held = self._held, b""
        return held
