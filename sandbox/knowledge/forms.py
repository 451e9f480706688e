"""Reads a multipart form from its bytes."""

from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP

from sandbox.refusals import Refusal


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; `filename` is None where it is no file."""

    name: str
    filename: str | None
    data: bytes


def form_fields(content_type: str, raw: bytes) -> list[FormField]:
    """Reads the fields of a form; raises a 400 refusal for a body that is none."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise Refusal(400, "The body must be multipart/form-data.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + raw)
    if not message.is_multipart():
        raise Refusal(400, "The body is not a multipart form.")
    fields = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(data, bytes):
            raise Refusal(400, "A part of the form has no name.")
        fields.append(FormField(name, part.get_filename(), data))
    return fields
