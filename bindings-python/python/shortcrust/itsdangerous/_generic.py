"""The peer's serializers with a type parameter, which they have from itsdangerous 2.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import itsdangerous

IS_GENERIC = hasattr(itsdangerous.Serializer, "__class_getitem__")

if TYPE_CHECKING or IS_GENERIC:
    from itsdangerous import Serializer, TimedSerializer
    from itsdangerous.serializer import _TSerialized as Serialized
else:

    class _Generic:
        """``Peer[str]`` is ``Peer``, in a list of bases."""

        def __init__(self, peer: type) -> None:
            self._peer = peer

        def __getitem__(self, parameter: Any) -> type:
            return self._peer

    Serialized = TypeVar("Serialized")
    Serializer = _Generic(itsdangerous.Serializer)
    TimedSerializer = _Generic(itsdangerous.TimedSerializer)

__all__ = ["IS_GENERIC", "Serialized", "Serializer", "TimedSerializer"]
