"""What is said when a request is not taken, whatever it was about."""

from tidegate.web.view import Message

TOO_MANY = Message(
    "Too many requests",
    "This link was used very often within a minute. Wait a minute and open it again.",
    status=429,
)
NO_FORM = Message("Not a form", "Open the link and use the form on the page.", status=415)
TOO_LONG = Message("Too much text", "Shorten the comment and send it again.", status=413)
FORGED = Message(
    "Not taken",
    "This form did not come from the page. Open the link in your mail and use its form.",
    status=403,
)
PLEASE_WAIT = Message(
    "Please try again",
    "Something that is needed does not answer. Open the link again in a minute and look.",
    status=503,
)
BROKEN = Message(
    "Something is broken",
    "The page cannot be shown. The operators find the reason in the log of the approval page.",
    status=500,
)
