"""Is every reply as the description of the interface says, and is none given without the token?"""

from pathlib import Path

import pytest

from tests.backend.test_hostile import none_bad
from tests.hostile import schema


@pytest.mark.slow
def test_1000_requests_made_from_the_schema_are_answered_as_it_says(home: Path) -> None:
    none_bad(schema.conforms(home, 1000), 1000, 1000, 1000)
