"""Who may use the page: whoever was given its address, from the page itself and nowhere else."""

import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

from askwell.errors import UserError
from askwell.text import writable

LOCAL = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def people_of(names: str) -> list[str]:
    """Who labels, as they were typed after --people. Raises UserError for a name that is not one
    person's.

    >>> people_of("ada, bob")
    ['ada', 'bob']
    """
    people = [word.strip() for word in names.split(",") if word.strip()]
    if odd := [word for word in people if people.count(word) > 1 or writable(word) != word]:
        raise UserError(f"--people must name everybody once, in plain text: found {odd[0]!r}")
    return people


def policy(nonce: str) -> str:
    """The content security policy of the page: its own script and images, nothing else."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@dataclass(frozen=True)
class Access:
    """The tokens of the annotators, by which each is known, and the hosts that are answered.

    >>> access = Access.of(["ada"], "127.0.0.1", 8765)
    >>> access.person(access.tokens["ada"]), access.person("guessed"), access.person(None)
    ('ada', None, None)
    """

    host: str
    port: int
    tokens: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, people: Iterable[str], host: str, port: int) -> "Access":
        """New tokens for `people`."""
        return cls(host, port, {person: secrets.token_urlsafe(24) for person in people})

    @property
    def cookie(self) -> str:
        """The name of the cookie: browsers share cookies among the ports of a host."""
        return f"askwell-{self.port}"

    def address(self, person: str) -> str:
        """What `person` opens."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        if self.host in ("0.0.0.0", "::"):
            shown = socket.gethostname()
        return f"http://{shown}:{self.port}/?token={self.tokens[person]}"

    def person(self, token: str | None) -> str | None:
        """Whose token it is; None where it is nobody's."""
        given = (token or "").encode()
        matches = [
            person
            for person, known in self.tokens.items()
            if secrets.compare_digest(known.encode(), given)
        ]
        return matches[0] if matches else None

    def knows_host(self, header: str | None) -> bool:
        """Whether a request is meant for this server: another name that leads here is another
        site's.
        """
        if header is None or not header.endswith(f":{self.port}"):
            return False
        name = header.removesuffix(f":{self.port}").lower()
        if name in LOCAL or name == self.host.lower():
            return True
        return self.host in ("0.0.0.0", "::") and _is_of_this_machine(name)

    def knows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a change comes from the page itself."""
        return origin is not None and origin == f"http://{host}"


def _is_of_this_machine(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
        return True
    except ValueError:
        return name == socket.gethostname().lower()
