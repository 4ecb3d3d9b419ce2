"""Is the server there?"""

from fastapi import APIRouter
from pydantic import BaseModel

from backend.settings import VERSION

router = APIRouter(tags=["server"])


class Health(BaseModel):
    status: str
    version: str


@router.get("/health")
def health() -> Health:
    """Answers as soon as the server does."""
    return Health(status="ok", version=VERSION)
