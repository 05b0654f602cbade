"""Pages for people: what they show (`view`), how they look (`templates`), and the forms they send (`forms`).

Steps gather and decide; nothing here asks the world for anything.
"""
