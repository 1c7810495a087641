package thrift

import (
	"context"

	"sidecar"
)

// Oneways is a layer before an upstream of whose methods these answer nothing,
// even where their calls do not say so: Apache Thrift's library for Go sends all
// calls as CALL. Whoever waited for a reply would time out, and what was then
// told to the caller would be taken for the reply to its next call.
func Oneways(names []string) sidecar.Layer {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			if call, ok := x.Msg.(*Call); ok && set[string(call.name())] {
				call.Oneway = true
			}
			return next.Do(ctx, x)
		})
	}
}
