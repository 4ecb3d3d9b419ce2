"""What a script must send to a server that `saccade serve` started."""

from pathlib import Path


def bearer(home: Path) -> dict[str, str]:
    """The header with the token that lies in the server's home."""
    token = (home / "token").read_text(encoding="ascii").strip()
    return {"Authorization": f"Bearer {token}"}
