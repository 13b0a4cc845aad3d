"""Parameters, credentials and forms: everything of a request that is not its JSON body.

The only door to openapi-core.  It divides the styles and takes multipart bodies apart here, and
judges whole requests in `reference`, as the oracle of the tests.  What it raises never leaves.
"""

from troth.parameters.checks import check_headers, check_parameters
from troth.parameters.credentials import check_security
from troth.parameters.forms import FORMS, check_form, decode_form
from troth.parameters.reference import reference_verdict
from troth.parameters.styles import Malformed

__all__ = [
    "FORMS",
    "Malformed",
    "check_form",
    "check_headers",
    "check_parameters",
    "check_security",
    "decode_form",
    "reference_verdict",
]
