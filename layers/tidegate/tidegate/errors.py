"""The two errors that leave a Lambda, and what they mean to a state machine.

Step Functions matches error names exactly and knows no inheritance, so every failure
is mapped to one of these two names before it leaves; the cause is in the message.
A negative result (an unhealthy task, a blocked scan, a rejection) is data, never an error.
"""


class Transient(Exception):
    """The same call may be tried again: throttling, an eventually consistent read, a 5xx answer."""


class Terminal(Exception):
    """Trying again cannot help: access denied, a conflict, something that does not exist."""
