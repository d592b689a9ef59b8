"""Where an engine that works for others may write to."""

import pytest

from datavc.engine.egress.access import EgressAccess
from datavc.errors import AccessDenied

URL = "postgresql://ada@db.example/sales"


def access(address: str, *allowed: str) -> EgressAccess:
    return EgressAccess(allowed, lambda _host, _port: [address])


def test_without_limits_the_url_is_used_as_it_is() -> None:
    url = "postgresql:///sales?host=/run/postgresql"
    assert EgressAccess().connection(url, None) == (url, {})
    assert EgressAccess().connection(url, "pw") == (url, {"password": "pw"})
    EgressAccess().check_bucket("s3://any")


def test_buckets_must_be_opened() -> None:
    opened = access("8.8.8.8", "s3://open/below")
    opened.check_bucket("s3://open/below/here")
    for url in ("s3://open/below2", "s3://open", "s3://open/below/../x", "s3://other/below"):
        with pytest.raises(AccessDenied, match="--allow-egress"):
            opened.check_bucket(url)


def test_a_public_database_is_connected_to_at_the_address_that_was_looked_at() -> None:
    url, options = access("8.8.8.8").connection(URL, None)
    assert url == URL
    assert (options["host"], options["hostaddr"], options["port"]) == (
        "db.example",
        "8.8.8.8",
        "5432",
    )
    # Nothing that the server keeps for its own connections is used.
    assert options["password"] == ""
    assert options["passfile"] == "/dev/null"
    assert options["sslcertmode"] == "disable"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"]
)
def test_other_addresses_must_be_opened(address: str) -> None:
    with pytest.raises(AccessDenied, match="no public address"):
        access(address, "postgresql://other.example").connection(URL, None)
    for prefix in ("postgresql://db.example", URL, "postgres://db.example:5432/sales"):
        assert access(address, prefix).connection(URL, "pw")[1]["hostaddr"] == address
    for prefix in ("postgresql://db.example:5433", "postgresql://db.example/other"):
        with pytest.raises(AccessDenied):
            access(address, prefix).connection(URL, None)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada@db.example/sales?host=10.0.0.1",
        "postgresql://ada@db.example/sales?hostaddr=10.0.0.1",
        "postgresql://ada@db.example/sales?passfile=/etc/passwd",
        "postgresql://ada@db.example/sales?service=own",
        "postgresql://ada@/sales",
        "postgresql://db.example/sales",
        "postgresql://ada@a,b/sales",
    ],
)
def test_a_url_says_nothing_but_where_and_who(url: str) -> None:
    with pytest.raises(AccessDenied):
        access("8.8.8.8", "postgresql://db.example").connection(url, None)
