package inkstream

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// Domain is what the server's own errors are marked with.
const Domain = "inkstream.dev"

// Error is a failed call, document, page or line.
//
// errors.Is finds its [Reason], and context.DeadlineExceeded and context.Canceled where the call ended
// for these; status.FromError finds gRPC's status.
type Error struct {
	// Code is gRPC's code.
	Code codes.Code
	// Reason is stable and finer than the code. Where the failure is not the server's own it is the
	// code's name: UNAVAILABLE where nobody answers.
	Reason Reason
	// Message is for people; its wording may change.
	Message string
	// Metadata are the values that the message speaks of.
	Metadata map[string]string
	// Violations are the fields of the request that hold what they may not.
	Violations []Violation
	// RetryDelay is when to try again. 0: the server has not said that it would help.
	RetryDelay time.Duration
	// RequestID is what the server's log calls the request. Empty for pages, lines and documents of a
	// stream, which are parts of one.
	RequestID string

	status *status.Status
}

// Violation is a field of a request that holds what it may not.
type Violation struct {
	// Field is its path, such as options.text_det_thresh.
	Field string
	// Description tells the value and what is allowed.
	Description string
}

// Error tells the reason and the message.
func (e *Error) Error() string { return fmt.Sprintf("inkstream: %s: %s", e.Reason, e.Message) }

// GRPCStatus is the status as gRPC has it, with its details.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// Is tells whether target is the error's reason, or a context's error that means the same.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	}
	reason, isReason := target.(Reason)
	return isReason && reason == e.Reason
}

// PageError returns why a page failed, as an [*Error]; nil where it did not. In [Document.Pages] it is
// what stands beside the page.
func PageError(page *Page) error { return partError(page.GetError()) }

// LineError returns why a line of [Client.RecognizeLines] failed, as an [*Error]; nil where it did not.
func LineError(line *LineText) error { return partError(line.GetError()) }

// partError is the failure of a part of a call that went on.
func partError(failure *inkstreamv1.Error) error {
	if failure == nil {
		return nil
	}
	code := codes.Code(failure.GetCode())
	return &Error{
		Code:    code,
		Reason:  Reason(failure.GetReason()),
		Message: failure.GetMessage(),
		status:  status.New(code, failure.GetMessage()),
	}
}

// callError says in our own terms what a call failed with.
func callError(err error) error {
	told, isStatus := status.FromError(err)
	if !isStatus {
		return err
	}
	failure := &Error{
		Code: told.Code(), Reason: nameOf(told.Code()), Message: told.Message(), status: told,
	}
	if failure.Code == codes.ResourceExhausted && isOverLimit(failure.Message) {
		failure.Reason = ReasonMessageTooLarge
	}
	for _, detail := range told.Details() {
		failure.take(detail)
	}
	return failure
}

func (e *Error) take(detail any) {
	switch detail := detail.(type) {
	case *errdetails.ErrorInfo:
		if detail.GetDomain() == Domain {
			e.Reason, e.Metadata = Reason(detail.GetReason()), maps.Clone(detail.GetMetadata())
		}
	case *errdetails.BadRequest:
		for _, field := range detail.GetFieldViolations() {
			e.Violations = append(e.Violations, Violation{field.GetField(), field.GetDescription()})
		}
	case *errdetails.RetryInfo:
		e.RetryDelay = detail.GetRetryDelay().AsDuration()
	case *errdetails.RequestInfo:
		e.RequestID = detail.GetRequestId()
	}
}

// tooLarge is found before anything is sent.
func tooLarge(sizeBytes, limitBytes int) error {
	text := fmt.Sprintf("the request has %d bytes or more; the limit is %d", sizeBytes, limitBytes)
	return &Error{
		Code:    codes.ResourceExhausted,
		Reason:  ReasonMessageTooLarge,
		Message: text,
		status:  status.New(codes.ResourceExhausted, text),
	}
}

// isOverLimit knows the words of gRPC, on either side; it has no other sign of it.
func isOverLimit(message string) bool {
	return strings.Contains(strings.ToLower(message), "message larger than max")
}
