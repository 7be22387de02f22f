"""The base of every section of a scenario: frozen, exact, no unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Section(BaseModel):
    """Options that a room or a plug-in reads from a scenario.

    Nothing is coerced: a whole number is neither ``5.0`` nor ``'5'`` nor
    ``true``; only a whole number where any number will do is taken as it is.
    Lists are typed as tuples, so that options stay frozen and can be hashed. The
    string below a field is its documentation.

    >>> class Forces(Section):
    ...     count: int
    >>> Forces(count=13)
    Forces(count=13)
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


def mistake(message: str, *path: str | int) -> PydanticCustomError:
    """Return what a validator of a model raises to point at a key below that model.

    Parameters
    ----------
    message : str
        What was given; what is allowed. It reaches the user verbatim.
    *path : str or int
        Keys and list positions from the model down to the value at fault.

    >>> str(mistake("50 is more than the 43 forces of this world", "forces", "count"))
    '50 is more than the 43 forces of this world'
    """
    return PydanticCustomError("mistake", "{message}", {"message": message, "path": path})


def mistakes(*found: PydanticCustomError) -> ValidationError:
    """Return what a validator of a model raises to report several mistakes at once.

    >>> error = mistakes(mistake("too long", "aim"), mistake("too short", "title"))
    >>> [item["msg"] for item in error.errors()]
    ['too long', 'too short']
    """
    items = [InitErrorDetails(type=one, loc=(), input=None) for one in found]
    return ValidationError.from_exception_data("mistakes", items)
