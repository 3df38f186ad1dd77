"""What crosses the wire, one file a noun: the same models validate requests, shape answers and make the OpenAPI document."""
