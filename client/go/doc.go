// Package inkstream is the client of Inkstream, a gRPC OCR inference server.
//
//	client, err := inkstream.Dial("localhost:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	document := client.RecognizeDocument(ctx, inkstream.File("report.pdf"), nil)
//	for page, err := range document.Pages() {
//		if err != nil {
//			return err
//		}
//		fmt.Println(inkstream.Text(page))
//	}
//
// A [Client] is safe for concurrent use, and one is enough for a program. Every call ends with its
// context: the deadline travels to the server, which does not begin what it cannot finish, and
// cancelling takes waiting work out of the server's queues.
//
// What fails is an [*Error], with the server's reason, its facts and when to try again. The reasons
// of the contract are values that [errors.Is] knows:
//
//	if errors.Is(err, inkstream.ReasonPDFPasswordRequired) { … }
//
// Calls that find no server, or a full one, are tried again as the service config says that the
// clients of all languages share; docs/retries.md of Inkstream's repository explains it.
//
// The messages themselves are in the package inkstreamv1; the names of this package are theirs.
package inkstream
