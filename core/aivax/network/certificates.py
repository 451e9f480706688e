"""The certificate authorities that are trusted, by `SSL_CERT_FILE` and `SSL_CERT_DIR` as OpenSSL reads them."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from core.domain import SettingRefused
from core.util.log import log

FILE, FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"


def authorities(variables: Mapping[str, str], usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Make the context that judges servers: those of the named file, else the `usual` ones, and those of the folders.

    A folder that is not there adds nothing, as with other programs, and the log says so.

    Raises:
        SettingRefused: the file can't be read, or holds no certificate.
    """
    context = _of_file(path) if (path := variables.get(FILE, "").strip()) else usual()
    for folder in filter(None, variables.get(FOLDERS, "").split(os.pathsep)):
        if Path(folder).is_dir():
            context.load_verify_locations(capath=folder)
        else:
            log.warning("certificates.no_such_folder", variable=FOLDERS, value=folder)
    return context


def _of_file(path: str) -> ssl.SSLContext:
    try:
        with Path(path).open("rb"):
            pass
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        reason = "holds no certificates in PEM form"
    except (OSError, ValueError) as error:
        reason = f"can't be read ({getattr(error, 'strerror', None) or 'no such path'})"
    raise SettingRefused(FILE, value=path, fix=f"{reason}: name a file of certificates, or unset {FILE}")
