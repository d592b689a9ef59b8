from datavc.engine.datum_log import DatumLog, LogStream, decode_log


def lines(log: DatumLog) -> list[tuple[str, str]]:
    return [(stream.name, text) for stream, _, text in decode_log(log.encoded())]


def test_lines_are_put_together_across_pieces_of_each_stream() -> None:
    log = DatumLog(100)
    log.write(LogStream.STDOUT, b"one\ntw")
    log.write(LogStream.STDERR, b"err")
    log.write(LogStream.STDOUT, b"o\nend")
    assert lines(log) == [
        ("STDOUT", "one"), ("STDOUT", "two"), ("STDERR", "err"), ("STDOUT", "end"),
    ]  # fmt: skip


def test_what_is_over_the_limit_is_counted() -> None:
    log = DatumLog(5)
    log.write(LogStream.STDOUT, b"123\n5678")
    log.write(LogStream.STDERR, b"90")
    assert lines(log) == [
        ("STDOUT", "123"), ("ENGINE", "5 more bytes were printed, and not kept"), ("STDOUT", "5"),
    ]  # fmt: skip


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    log = DatumLog(100)
    log.write(LogStream.STDOUT, b"\xff\xfe ok\r\n")
    assert lines(log) == [("STDOUT", "\ufffd\ufffd ok")]


def test_nothing_printed_is_nothing_kept() -> None:
    assert DatumLog(10).encoded() == b""
