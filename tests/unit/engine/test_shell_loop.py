import subprocess

import pytest

from datavc.engine.executors.shell_loop import EndMarker, datum_script, variable_name


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_marker_is_found_however_the_stream_is_cut(size: int) -> None:
    stream = b"text nonc nonce4 3 0\nlater"
    marker = EndMarker("nonce4")
    text = b"".join(marker.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert text == b"text nonc "
    assert marker.words == ["3", "0"]


def test_a_stream_without_a_marker_is_all_text() -> None:
    marker = EndMarker("nonce4")
    assert marker.feed(b"some nonce") + marker.rest() == b"some nonce"
    assert marker.words is None


def test_arguments_variables_and_lines_arrive_as_they_are() -> None:
    odd = 'it\'s $HOME `x` \\ "q"\nline'
    script = datum_script(
        "n0", ["sh", "-c", 'printf %s "$1" "$V"; cat', "sh", odd], {"V": odd}, [odd]
    )
    only_command = script[: script.index("datavc_end")]
    shell = subprocess.run(["sh"], input=only_command.encode(), capture_output=True, check=True)
    assert shell.stdout.decode() == odd + odd + odd + "\n"


def test_input_names_become_variable_names() -> None:
    assert [variable_name(name) for name in ("raw", "my-data.v2", "2nd")] == [
        "raw", "my_data_v2", "_2nd",
    ]  # fmt: skip
