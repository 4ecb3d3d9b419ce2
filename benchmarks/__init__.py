"""What Saccade needs in time and memory. Threads wait here as they do under the command line."""

from models.threads import wait_briefly

wait_briefly()
