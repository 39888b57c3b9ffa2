package inkstream

import (
	"strings"

	"google.golang.org/grpc/codes"
)

// Reason is a stable, machine-readable name of what went wrong. It is an error, so that
// errors.Is(err, ReasonQueueFull) asks an [*Error] for it.
type Reason string

// Error is the reason's name.
func (r Reason) Error() string { return string(r) }

// What the caller can mend (codes.InvalidArgument).
const (
	ReasonInvalidField         Reason = "INVALID_FIELD"
	ReasonEmptyInput           Reason = "EMPTY_INPUT"
	ReasonUnsupportedMediaType Reason = "UNSUPPORTED_MEDIA_TYPE"
	ReasonImageDamaged         Reason = "IMAGE_DAMAGED"
	ReasonImageTooLarge        Reason = "IMAGE_TOO_LARGE"
	ReasonContentTooLarge      Reason = "CONTENT_TOO_LARGE"
	ReasonPDFDamaged           Reason = "PDF_DAMAGED"
	ReasonPDFPasswordRequired  Reason = "PDF_PASSWORD_REQUIRED"
	ReasonPDFPasswordWrong     Reason = "PDF_PASSWORD_WRONG"
	ReasonDocumentEmpty        Reason = "DOCUMENT_EMPTY"
	ReasonTooManyPages         Reason = "TOO_MANY_PAGES"
	ReasonTooManyLines         Reason = "TOO_MANY_LINES"
	ReasonTooManyDocuments     Reason = "TOO_MANY_DOCUMENTS"
	ReasonPageTooLarge         Reason = "PAGE_TOO_LARGE"
	ReasonUploadIncomplete     Reason = "UPLOAD_INCOMPLETE"
	ReasonRequestMalformed     Reason = "REQUEST_MALFORMED"
	ReasonURIFetchFailed       Reason = "URI_FETCH_FAILED"
)

// What this server is not set up for (codes.FailedPrecondition).
const (
	ReasonModuleNotServed Reason = "MODULE_NOT_SERVED"
	ReasonModelNotServed  Reason = "MODEL_NOT_SERVED"
	ReasonURINotAllowed   Reason = "URI_NOT_ALLOWED"
)

// What more time, or another time, would help (codes.ResourceExhausted, DeadlineExceeded, Unavailable).
const (
	ReasonQueueFull        Reason = "QUEUE_FULL"
	ReasonSpoolFull        Reason = "SPOOL_FULL"
	ReasonDeadlineTooShort Reason = "DEADLINE_TOO_SHORT"
	ReasonPageTimeout      Reason = "PAGE_TIMEOUT"
	ReasonUploadStalled    Reason = "UPLOAD_STALLED"
	ReasonURITimeout       Reason = "URI_TIMEOUT"
	ReasonAnswersUnread    Reason = "ANSWERS_UNREAD"
	ReasonStartingUp       Reason = "STARTING_UP"
	ReasonShuttingDown     Reason = "SHUTTING_DOWN"
	ReasonURIUnreachable   Reason = "URI_UNREACHABLE"
)

// What a server says that wants to know who calls (codes.Unauthenticated), and has a share for everyone
// (codes.ResourceExhausted).
const (
	ReasonTokenMissing       Reason = "TOKEN_MISSING"
	ReasonTokenWrong         Reason = "TOKEN_WRONG"
	ReasonCertificateMissing Reason = "CERTIFICATE_MISSING"
	ReasonRequestQuotaFull   Reason = "REQUEST_QUOTA_FULL"
	ReasonPageQuotaFull      Reason = "PAGE_QUOTA_FULL"
	ReasonByteQuotaFull      Reason = "BYTE_QUOTA_FULL"
)

// What is a bug of the server's, told in its log only (codes.Internal).
const (
	ReasonInternal      Reason = "INTERNAL"
	ReasonWorkerCrashed Reason = "WORKER_CRASHED"
)

// What the server does not say itself.
const (
	// ReasonUnavailable is that nobody answers.
	ReasonUnavailable Reason = "UNAVAILABLE"
	// ReasonDeadlineExceeded is that the context's deadline has passed.
	ReasonDeadlineExceeded Reason = "DEADLINE_EXCEEDED"
	// ReasonCanceled is that the context was cancelled.
	ReasonCanceled Reason = "CANCELLED"
	// ReasonMessageTooLarge is that a request or an answer is over the limit of this side or of the
	// server.
	ReasonMessageTooLarge Reason = "MESSAGE_TOO_LARGE"
)

// nameOf is a code's name in the words of gRPC's specification, such as DEADLINE_EXCEEDED.
func nameOf(code codes.Code) Reason {
	var name strings.Builder
	for i, letter := range code.String() {
		if i > 0 && letter >= 'A' && letter <= 'Z' && code != codes.OK {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	if code == codes.Canceled {
		return ReasonCanceled
	}
	return Reason(strings.ToUpper(name.String()))
}
