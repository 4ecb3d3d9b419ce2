"""Who may talk to the server, how much they may send, and what the browser is told to forbid.

guard.py     the one layer around everything, and the order of what it asks
hosts.py     is the request for this server, and from its own page?
door.py      does it carry the token, or a cookie that was given for it?
bodies.py    is what it sends small, JSON and within reason?
rates.py     does it come too often?
"""

from backend.security.door import Door
from backend.security.guard import Guard
from backend.security.hosts import LOOPBACK, Hosts, is_loopback
from backend.security.rates import Rates

__all__ = ["LOOPBACK", "Door", "Guard", "Hosts", "Rates", "is_loopback"]
