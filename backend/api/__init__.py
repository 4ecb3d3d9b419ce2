"""The HTTP interface, one router a noun; a handler parses, calls and returns."""
