package wiretest

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"inkstream.dev/go/inkstream"
)

// refusal is why reading failed; the test ends where it did not.
func refusal(t *testing.T, err error) *inkstream.Error {
	t.Helper()
	var refused *inkstream.Error
	if !errors.As(err, &refused) {
		t.Fatalf("it was not refused: %v", err)
	}
	return refused
}

func TestWhatIsRefusedIsToldWithItsReason(t *testing.T) {
	content := encoded(t, picture(480, 120))
	image := inkstream.Bytes(content)
	for _, sent := range []struct {
		reason  inkstream.Reason
		code    codes.Code
		source  inkstream.Source
		options *inkstream.Options
	}{
		{inkstream.ReasonEmptyInput, codes.InvalidArgument, inkstream.Bytes(nil), nil},
		{inkstream.ReasonUnsupportedMediaType, codes.InvalidArgument, inkstream.Bytes([]byte("no picture at all")), nil},
		{inkstream.ReasonImageDamaged, codes.InvalidArgument, inkstream.Bytes(content[:60]), nil},
		{inkstream.ReasonImageTooLarge, codes.InvalidArgument, inkstream.Bytes(encoded(t, picture(2000, 1001))), nil},
		{inkstream.ReasonPDFDamaged, codes.InvalidArgument, inkstream.Bytes(pdf(1, 0)[:40]), nil},
		{inkstream.ReasonPDFPasswordRequired, codes.InvalidArgument, inkstream.Bytes(lockedPDF), nil},
		{inkstream.ReasonPDFPasswordWrong, codes.InvalidArgument, inkstream.Bytes(lockedPDF).WithPassword("other"), nil},
		{inkstream.ReasonInvalidField, codes.InvalidArgument, image, &inkstream.Options{TextDetThresh: proto.Float32(1.5)}},
		{inkstream.ReasonModuleNotServed, codes.FailedPrecondition, image, &inkstream.Options{UseDocUnwarping: proto.Bool(true)}},
		{inkstream.ReasonModelNotServed, codes.FailedPrecondition, image, &inkstream.Options{TextRecModel: "none"}},
		{inkstream.ReasonURINotAllowed, codes.FailedPrecondition, inkstream.URI("http://localhost/x.png"), nil},
	} {
		t.Run(string(sent.reason), func(t *testing.T) {
			client, ctx := sharedClient(t), callContext(t)

			_, err := client.Recognize(ctx, sent.source, sent.options)

			refused := refusal(t, err)
			if !errors.Is(err, sent.reason) || refused.Code != sent.code || status.Code(err) != sent.code {
				t.Errorf("refused with %s, %v", refused.Code, err)
			}
			if refused.Message == "" || refused.RequestID == "" {
				t.Errorf("something is not told: %+v", refused)
			}
		})
	}
}

func TestAWrongValueIsToldWithItsFieldAndWhatIsAllowed(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	image := inkstream.Bytes(encoded(t, picture(480, 120)))
	ctx = inkstream.WithRequestID(ctx, "wrong-value")

	_, err := client.Recognize(ctx, image, &inkstream.Options{TextDetThresh: proto.Float32(1.5)})

	refused := refusal(t, err)
	if len(refused.Violations) != 1 || refused.Violations[0].Field != "options.text_det_thresh" {
		t.Errorf("violations: %v", refused.Violations)
	}
	if refused.Metadata["value"] != "1.5" || refused.Metadata["allowed"] == "" {
		t.Errorf("metadata: %v", refused.Metadata)
	}
	if refused.RequestID != "wrong-value" {
		t.Errorf("the request is called %q", refused.RequestID)
	}
}

func TestADocumentIsRefusedAsAWhole(t *testing.T) {
	const whole, inParts = inkstream.DefaultMaxMessageBytes, 256 << 10 // of a message
	for _, sent := range []struct {
		reason  inkstream.Reason
		content []byte
		options *inkstream.DocumentOptions
		limit   int
	}{
		{inkstream.ReasonTooManyPages, pdf(401, 0), nil, whole},
		{inkstream.ReasonInvalidField, pdf(2, 0), &inkstream.DocumentOptions{Pages: "3-2"}, whole},
		{inkstream.ReasonContentTooLarge, pdf(1, 9<<20), nil, inParts},
		{inkstream.ReasonPDFPasswordRequired, lockedAndLong(), nil, inParts},
	} {
		t.Run(string(sent.reason), func(t *testing.T) {
			client, ctx := sharedClient(t, inkstream.WithMaxMessageBytes(sent.limit)), callContext(t)

			var failures []error
			for page, err := range client.RecognizeDocument(ctx, inkstream.Bytes(sent.content), sent.options).Pages() {
				if page != nil {
					t.Errorf("page %d was read", page.GetPageNumber())
				}
				failures = append(failures, err)
			}

			if len(failures) != 1 || !errors.Is(failures[0], sent.reason) {
				t.Errorf("it failed with %v", failures)
			}
		})
	}
}

// lockedAndLong has bytes after its end, which a reader of PDFs passes over.
func lockedAndLong() []byte {
	return slices.Concat(lockedPDF, make([]byte, 1<<20))
}

func TestAPageThatFailsFailsAlone(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	large := &inkstream.DocumentOptions{DPI: 600} // 300 x 120 points are 2.5 million pixels
	document := client.RecognizeDocument(ctx, inkstream.Bytes(pdf(2, 0)), large)

	var failed []int32
	for page, err := range document.Pages() {
		if !errors.Is(err, inkstream.ReasonPageTooLarge) {
			t.Errorf("page %v, %v", page, err)
		}
		failed = append(failed, page.GetPageNumber())
	}

	if !slices.Equal(failed, upTo(2)) || document.End().GetFailedPageCount() != 2 {
		t.Errorf("pages %v failed, end %v", failed, document.End())
	}
}

func TestTooManyLinesAreRefusedWithTheNumber(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	crops := make([]inkstream.Source, 5)
	for i := range crops {
		crops[i] = inkstream.Pixels(picture(100, 48))
	}

	_, err := client.RecognizeLines(ctx, crops, nil)

	if refused := refusal(t, err); !errors.Is(err, inkstream.ReasonTooManyLines) || refused.Metadata["max_lines"] != "4" {
		t.Errorf("refused with %v, %v", err, refused.Metadata)
	}
}

func TestARequestOverALimitIsTooLargeWhoeverFindsIt(t *testing.T) {
	ctx, content := callContext(t), inkstream.Bytes(make([]byte, 5<<20))

	_, ours := sharedClient(t, inkstream.WithMaxMessageBytes(1<<20)).Recognize(ctx, content, nil)
	_, theirs := sharedClient(t).Recognize(ctx, content, nil)

	for _, err := range []error{ours, theirs} {
		if !errors.Is(err, inkstream.ReasonMessageTooLarge) || status.Code(err) != codes.ResourceExhausted {
			t.Errorf("refused with %v", err)
		}
	}
}
