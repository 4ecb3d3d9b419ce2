"""How a request that may not pass is answered: a sentence, for a browser a field for the token."""

from html import escape
from pathlib import Path

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import Headers

from backend.api import failures
from backend.errors import NoTokenError, SaccadeError

PAGE = Path(__file__).with_name("login.html")
SENTENCE = "<!-- sentence -->"


def refuse(error: SaccadeError, headers: Headers) -> Response:
    """The answer to a request that may not pass."""
    if not isinstance(error, NoTokenError) or "text/html" not in headers.get("accept", ""):
        return failures.reply(error)
    told = f"{str(error)[:1].upper()}{str(error)[1:]}."
    page = PAGE.read_text(encoding="utf-8").replace(SENTENCE, escape(told))
    return HTMLResponse(page, 401, headers={"www-authenticate": "Bearer"})
