from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuthorizeRequest(_message.Message):
    __slots__ = ("namespace", "resources", "verb")
    class Resources(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNASSIGNED_RESOURCES: _ClassVar[AuthorizeRequest.Resources]
        VIEWERS: _ClassVar[AuthorizeRequest.Resources]
    UNASSIGNED_RESOURCES: AuthorizeRequest.Resources
    VIEWERS: AuthorizeRequest.Resources
    class Verb(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNASSIGNED_VERB: _ClassVar[AuthorizeRequest.Verb]
        CREATE: _ClassVar[AuthorizeRequest.Verb]
        GET: _ClassVar[AuthorizeRequest.Verb]
        DELETE: _ClassVar[AuthorizeRequest.Verb]
    UNASSIGNED_VERB: AuthorizeRequest.Verb
    CREATE: AuthorizeRequest.Verb
    GET: AuthorizeRequest.Verb
    DELETE: AuthorizeRequest.Verb
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    VERB_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    resources: AuthorizeRequest.Resources
    verb: AuthorizeRequest.Verb
    def __init__(self, namespace: _Optional[str] = ..., resources: _Optional[_Union[AuthorizeRequest.Resources, str]] = ..., verb: _Optional[_Union[AuthorizeRequest.Verb, str]] = ...) -> None: ...
