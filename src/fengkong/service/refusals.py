"""Why the service refuses a request: each reason has its status, its code and the next step."""

from __future__ import annotations

from typing import ClassVar

from fengkong.core.errors import RiskError


class ServiceError(RiskError):
    """The service refuses a request."""

    code = "service.refused"
    hint = "Correct the request as the code says and send it again."
    status: ClassVar[int] = 400
    retry_after: int = 0
    """Whole seconds after which it makes sense to come again; 0 says nothing."""


class MalformedRequestError(ServiceError):
    """The request is not well-formed HTTP."""

    code = "service.malformed_request"
    hint = "Send one well-formed HTTP/1.1 request with one length."


class InvalidHostError(ServiceError):
    """The Host header does not name this service."""

    code = "service.invalid_host"
    hint = "Use an address that the service's settings list as its own."


class InvalidParameterError(ServiceError):
    """A parameter of the address is missing or not what it must be."""

    code = "service.invalid_parameter"
    hint = "Correct the parameter named in the detail."


class InvalidEncodingError(ServiceError):
    """The compressed body cannot be read."""

    code = "service.invalid_encoding"
    hint = "Send one whole gzip stream and nothing after it, or no Content-Encoding."


class InvalidBatchError(ServiceError):
    """The body is not a batch of events."""

    code = "service.invalid_batch"
    hint = "Send a JSON array of events, or NDJSON with one event a line."


class UnauthenticatedError(ServiceError):
    """The request does not prove who sends it."""

    code = "service.unauthenticated"
    hint = "Send a valid API key as a bearer token, or sign the request with it."
    status = 401


class ReplayedRequestError(ServiceError):
    """A signed request came a second time."""

    code = "service.replayed_request"
    hint = "Sign every request anew, with a nonce of its own and the present time."
    status = 401


class ForbiddenError(ServiceError):
    """The API key does not have the scope that this address needs."""

    code = "service.forbidden"
    hint = "Use a key with the scope named in the detail."
    status = 403


class UnknownAddressError(ServiceError):
    """There is nothing at this address."""

    code = "service.not_found"
    hint = "Compare the address with /openapi.json."
    status = 404


class UnknownDecisionError(ServiceError):
    """No event of this id was recorded here."""

    code = "service.unknown_decision"
    hint = "Check the id, and that the event was sent to this service."
    status = 404


class MethodNotAllowedError(ServiceError):
    """The address does not answer this method."""

    code = "service.method_not_allowed"
    hint = "Use a method of the Allow header."
    status = 405


class RequestTimeoutError(ServiceError):
    """The request did not arrive in time."""

    code = "service.request_timeout"
    hint = "Send the whole request at once."
    status = 408


class IdempotencyConflictError(ServiceError):
    """Another event was recorded under this id."""

    code = "service.idempotency_conflict"
    hint = "Give every event its own id; repeat an event with exactly the same bytes."
    status = 409


class NothingToRollBackError(ServiceError):
    """There is no earlier policy to go back to."""

    code = "service.nothing_to_roll_back"
    hint = "Publish the policy that is wanted."
    status = 409


class NothingToPromoteError(ServiceError):
    """No policy runs beside the live one."""

    code = "service.nothing_to_promote"
    hint = "Start a canary or a shadow first, or publish the policy that is wanted."
    status = 409


class InvalidShareError(ServiceError):
    """A canary's share, or the entity that tells its subjects apart, cannot be used."""

    code = "service.invalid_share"
    hint = "Give a share above 0 and at most 0.5, such as 0.1, and an entity such as device."


class ErasedError(ServiceError):
    """The personal data of this entry was erased; that it existed can still be proved."""

    code = "service.erased"
    hint = "Nothing brings it back; the ledger's proofs still verify."
    status = 410


class TooLargeError(ServiceError):
    """The body is longer than this address accepts."""

    code = "service.too_large"
    hint = "Send less at once; the limit stands in the detail."
    status = 413


class AddressTooLongError(ServiceError):
    """The address is longer than any address here."""

    code = "service.address_too_long"
    hint = "Shorten the address to 8 KiB."
    status = 414


class UnsupportedMediaTypeError(ServiceError):
    """The body is of a media type that this address does not read."""

    code = "service.unsupported_media_type"
    hint = "Send the Content-Type that the detail names."
    status = 415


class UnsupportedEncodingError(ServiceError):
    """The body is compressed in a way that is not read here."""

    code = "service.unsupported_encoding"
    hint = "Send no Content-Encoding, or gzip once."
    status = 415


class RateLimitedError(ServiceError):
    """The API key sends more than it may."""

    code = "service.rate_limited"
    hint = "Wait as long as Retry-After says."
    status = 429


class HeadersTooLargeError(ServiceError):
    """The headers are too many or too long."""

    code = "service.headers_too_large"
    hint = "Send at most 64 headers and 16 KiB of them."
    status = 431


class InternalError(ServiceError):
    """The service failed in a way nobody foresaw; nothing was acknowledged."""

    code = "service.internal"
    hint = "Send the same event again; tell the operator if it stays."
    status = 500


class OverloadedError(ServiceError):
    """More requests wait than can be answered in time."""

    code = "service.overloaded"
    hint = "Send the same event again after Retry-After."
    status = 503


class NotDurableError(ServiceError):
    """The decision could not be made durable, so none was given."""

    code = "service.not_durable"
    hint = "Send the same event again after Retry-After."
    status = 503


class NotReadyError(ServiceError):
    """The service is starting, recovering or stopping."""

    code = "service.not_ready"
    hint = "Send the same event again after Retry-After."
    status = 503


class FutureEventError(ServiceError):
    """The event says that it happens later than now."""

    code = "service.future_event"
    hint = "Check the clock and the time zone of the sender."


class NotDecidedError(ServiceError):
    """Events of this type are not decided by the policy in force."""

    code = "service.not_decided"
    hint = "Send the event to /v1/events, or publish a policy that decides its type."


class InvalidSubjectError(ServiceError):
    """The subject is not written as entity and value."""

    code = "service.invalid_subject"
    hint = "Write the entity and its value with a colon, such as customer:C-1."


class UnknownSubjectError(ServiceError):
    """Nothing was recorded of this subject."""

    code = "service.unknown_subject"
    hint = "Check the entity and the value; events name the customer first, else account, card..."
    status = 404


class UnknownProofError(ServiceError):
    """The last checkpoint does not reach what is asked for."""

    code = "service.unknown_proof"
    hint = "Ask again after the next checkpoint, within ten seconds, or for an earlier entry."
    status = 404


class AssistantError(ServiceError):
    """The second process that does what takes long has ended."""

    code = "service.assistant_ended"
    hint = "Send the same request again."
    status = 503


class InvalidSnapshotError(ServiceError):
    """A snapshot is damaged, or belongs to another policy, journal or position."""

    code = "service.invalid_snapshot"
    hint = "Nothing to do: an older snapshot or the journal itself is used instead."
    status = 503


class NoPolicyError(ServiceError):
    """The journal is new, and no policy was named to decide with."""

    code = "service.no_policy"
    hint = "Start it with `fengkong serve --policy NAME`; `fengkong policy list` lists the shipped."


class CannotListenError(ServiceError):
    """The address and port cannot be listened on."""

    code = "service.cannot_listen"
    hint = "Choose another port with --port, or stop what uses this one."
