"""What a proof tried, and how often it was bad."""

Row = tuple[str, int, int, str]  # what is bad, tries, how many were bad, a note


def held(rows: list[Row], tries: int) -> None:
    """Print the rows, and assert that there were so many tries and none was bad."""
    for what, tried, bad, note in rows:
        print(f"{tried:6} tried {bad:4} bad   {what}{note and f' ({note})'}")
    assert sum(tried for _, tried, _, _ in rows) >= tries
    assert [row for row in rows if row[2]] == []
