package sim

import "sidecar"

// outcome is how a try ended.
type outcome uint8

const (
	success outcome = iota
	unavailable
	refused
	late // the exchange's time was over
)

func (o outcome) class() sidecar.Class {
	switch o {
	case success:
		return sidecar.Success
	case unavailable:
		return sidecar.Unavailable
	default:
		return sidecar.NoClass
	}
}

// err is what the layers of an endpoint are told. A 503 comes back as a fault
// while retry keeps it, and as a reply when it goes out; the breaker takes
// either for the same.
func (o outcome) err() error {
	switch o {
	case refused:
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
	case late:
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Timeout, Reason: sidecar.DeadlineExceeded}
	default:
		return nil
	}
}
