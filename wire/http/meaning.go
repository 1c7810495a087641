package http

import "sidecar"

// ClassOf is what a final status means to layers.
func ClassOf(status int) sidecar.Class {
	switch {
	case status < 400:
		return sidecar.Success
	case status == 429:
		return sidecar.Overload
	case status < 500:
		return sidecar.ClientError
	case status >= 502 && status <= 504:
		return sidecar.Unavailable
	default:
		return sidecar.Failure
	}
}

// Idempotent tells whether RFC 9110 section 9.2.2 lets the method be repeated.
func Idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// StatusOf is the status that tells a fault to a client.
func StatusOf(f *sidecar.Fault) int {
	switch f.Reason {
	case sidecar.BadRequest, sidecar.TooLarge:
		switch {
		case !f.Has(sidecar.FromClient):
			return 502
		case f.Code != 0:
			return f.Code
		}
		return 400
	case sidecar.NoRoute:
		return 404
	case sidecar.NoEndpoints, sidecar.PoolExhausted, sidecar.BreakerOpen, sidecar.ShuttingDown, sidecar.TooManyRequests, sidecar.TooManyConnections, sidecar.BulkheadFull:
		return 503
	case sidecar.ConnectTimeout, sidecar.AttemptTimedOut, sidecar.DeadlineExceeded:
		return 504
	case sidecar.StalledOut:
		if f.Has(sidecar.FromClient) {
			return 408
		}
		return 504
	case sidecar.RetryBudget, sidecar.Status5xx:
		if f.Code != 0 {
			return f.Code
		}
		return 502
	case sidecar.ClientLeft:
		return 499
	case sidecar.Internal:
		return 500
	}
	return 502
}

// Phrase is the reason phrase of the statuses that the sidecar makes itself.
func Phrase(status int) string {
	switch status {
	case 400:
		return "Bad Request"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 431:
		return "Request Header Fields Too Large"
	case 499:
		return "Client Closed Request"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Error"
}
