package told

import "errors"

// Cause is what clients may read of the cause of a failure: of an error that has
// a method Told, which names no backend. "" of any other.
func Cause(err error) string {
	var plain interface{ Told() string }
	if errors.As(err, &plain) {
		return plain.Told()
	}
	return ""
}
