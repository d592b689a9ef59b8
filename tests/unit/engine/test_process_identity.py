import subprocess
import sys

from datavc.engine.process_identity import identify_process, is_dead


def test_a_process_is_alive_until_it_ends() -> None:
    program = (
        "from datavc.engine.process_identity import identify_process\n"
        "print(identify_process(), flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not is_dead(name)
        process.kill()
        process.wait()
        assert is_dead(name)


def test_a_process_number_used_again_is_another_process() -> None:
    start, _, _ = identify_process().rpartition(":")
    assert is_dead(f"{start}:1")


def test_a_process_elsewhere_may_be_alive() -> None:
    assert not is_dead("other-machine:pid:[1]:1:1")
    assert not is_dead("anything")
