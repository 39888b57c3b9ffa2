package inkstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// failure is what a call fails with that ends with a status.
func failure(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) *Error {
	t.Helper()
	told, err := status.New(code, "in words").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if !errors.As(fmt.Errorf("reading: %w", callError(told.Err())), &failed) {
		t.Fatal("it is no Error")
	}
	return failed
}

func TestAllThatAStatusTellsIsInTheError(t *testing.T) {
	failed := failure(t, codes.ResourceExhausted,
		&errdetails.ErrorInfo{Domain: Domain, Reason: "QUEUE_FULL", Metadata: map[string]string{"documents": "8"}},
		&errdetails.RequestInfo{RequestId: "4711"},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "pages.dpi", Description: "9"}}},
	)

	if failed.Reason != ReasonQueueFull || failed.Metadata["documents"] != "8" || failed.RequestID != "4711" {
		t.Errorf("%+v", failed)
	}
	if failed.RetryDelay != 1500*time.Millisecond || failed.Violations[0] != (Violation{"pages.dpi", "9"}) {
		t.Errorf("%+v", failed)
	}
	if failed.Error() != "inkstream: QUEUE_FULL: in words" || len(failed.GRPCStatus().Details()) != 4 {
		t.Errorf("%v, %v", failed, failed.GRPCStatus().Details())
	}
}

func TestAnothersErrorHasItsCodesNameForAReason(t *testing.T) {
	failed := failure(t, codes.NotFound, &errdetails.ErrorInfo{Domain: "proxy.example", Reason: "NO_ROUTE"})

	if failed.Reason != "NOT_FOUND" || failed.Metadata != nil {
		t.Errorf("%+v", failed)
	}
}

func TestCodesAreNamedAsInGRPCsSpecification(t *testing.T) {
	for code, want := range map[codes.Code]Reason{
		codes.Canceled:           "CANCELLED",
		codes.DeadlineExceeded:   "DEADLINE_EXCEEDED",
		codes.Unavailable:        "UNAVAILABLE",
		codes.FailedPrecondition: "FAILED_PRECONDITION",
		codes.DataLoss:           "DATA_LOSS",
		codes.Unknown:            "UNKNOWN",
	} {
		if got := nameOf(code); got != want {
			t.Errorf("%v is called %q", code, got)
		}
	}
}

func TestAnErrorIsItsReasonAndItsContextsErrorAndNoOther(t *testing.T) {
	late, gone := failure(t, codes.DeadlineExceeded), failure(t, codes.Canceled)

	if !errors.Is(late, context.DeadlineExceeded) || !errors.Is(gone, context.Canceled) {
		t.Error("a context's error is not found")
	}
	if errors.Is(late, context.Canceled) || errors.Is(gone, ReasonQueueFull) || errors.Is(late, errors.ErrUnsupported) {
		t.Error("an error is what it is not")
	}
}

func TestWhatIsNoStatusIsLeftAsItIs(t *testing.T) {
	if err := callError(os.ErrClosed); err != os.ErrClosed {
		t.Errorf("%v", err)
	}
}

func TestAPartsFailureIsAnErrorAndNoFailureIsNone(t *testing.T) {
	page := &Page{Error: &inkstreamv1.Error{Code: 3, Reason: "IMAGE_DAMAGED", Message: "torn"}}

	err := PageError(page)

	if !errors.Is(err, ReasonImageDamaged) || status.Code(err) != codes.InvalidArgument {
		t.Errorf("%v", err)
	}
	if PageError(&Page{}) != nil || LineError(&LineText{}) != nil {
		t.Error("what did not fail has an error")
	}
}

func TestEveryReasonOfTheContractHasAName(t *testing.T) {
	contract, err := os.ReadFile("../../protos/inkstream/v1/ocr.proto")
	if err != nil {
		t.Skip("the contract is not beside this module: ", err)
	}
	named, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	told, _, _ := strings.Cut(string(contract), "// Beside the ErrorInfo")
	reasons := regexp.MustCompile(`[A-Z]+(_[A-Z]+)+|INTERNAL`).FindAllString(told, -1)
	if len(reasons) < 30 {
		t.Fatalf("the contract's comment has changed: %v", reasons)
	}
	for _, reason := range reasons {
		_, isCode := codesByName[reason]
		if !isCode && !strings.Contains(string(named), `"`+reason+`"`) {
			t.Errorf("%s has no name here", reason)
		}
	}
}

var codesByName = map[string]codes.Code{
	"INVALID_ARGUMENT":    codes.InvalidArgument,
	"FAILED_PRECONDITION": codes.FailedPrecondition,
	"RESOURCE_EXHAUSTED":  codes.ResourceExhausted,
	"DEADLINE_EXCEEDED":   codes.DeadlineExceeded,
}
