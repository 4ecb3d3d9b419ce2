-- The queue and the states of runs. What a run is and what it found lies in its directory.
-- A change here is a new VERSION in database.py, with what makes the older tables into these.
CREATE TABLE IF NOT EXISTS runs (
    id            TEXT PRIMARY KEY,
    created       TEXT NOT NULL,              -- ISO-8601, UTC
    state         TEXT NOT NULL,
    attempt       INTEGER NOT NULL,           -- counts starts; a late word of an older one is void
    changed       REAL NOT NULL,              -- when the state last changed, unix seconds
    error_code    TEXT,
    error_message TEXT,
    resumes       INTEGER NOT NULL DEFAULT 0  -- attempts begun by policy since a person asked
) STRICT;

CREATE TABLE IF NOT EXISTS attempts (
    run     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    handle  TEXT NOT NULL DEFAULT '',         -- how the launcher finds the process again
    PRIMARY KEY (run, attempt)
) STRICT;

CREATE TABLE IF NOT EXISTS moves (
    number  INTEGER PRIMARY KEY,
    run     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    source  TEXT NOT NULL,                    -- '' for a new run
    target  TEXT NOT NULL,
    at      REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS folder (
    runs TEXT NOT NULL                        -- where their directories are; one row at most
) STRICT;

CREATE INDEX IF NOT EXISTS moves_of_run ON moves (run);
