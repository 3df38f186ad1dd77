"""The API: HTTP in, one engine call, HTTP out.

*Owns* the route table with every route's credential, the models that validate and document requests and answers, the checks at
the front door (Host, size, media type, rates, credentials), and the one shape of every error.
*May import* ``engine`` and everything below it; never ``daemon``, ``cli`` or ``workers``, nor a server: it is
plain WSGI.
*Invariant*: no request reaches a handler before its route's credential was proved, nothing is decided by a cookie, no limit is
counted by a header, and nothing internal leaves in an answer.
"""
