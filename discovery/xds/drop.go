package xds

import (
	"fmt"

	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"sidecar/discovery"
)

// maxDrops is how many categories of drops a cluster may have: each is drawn for
// each request.
const maxDrops = 16

// parseDrops takes the shares of the requests that are to be dropped, or says
// why they cannot be used. More than all is all, as in Envoy.
func parseDrops(all []*endpointv3.ClusterLoadAssignment_Policy_DropOverload) ([]discovery.Drop, error) {
	if len(all) > maxDrops {
		return nil, fmt.Errorf("policy.drop_overloads: %d categories, more than the limit of %d", len(all), maxDrops)
	}
	var drops []discovery.Drop
	for i, d := range all {
		var of float64
		switch d.GetDropPercentage().GetDenominator() {
		case typev3.FractionalPercent_HUNDRED:
			of = 100
		case typev3.FractionalPercent_TEN_THOUSAND:
			of = 10_000
		case typev3.FractionalPercent_MILLION:
			of = 1_000_000
		default:
			return nil, fmt.Errorf("policy.drop_overloads[%d].drop_percentage: denominator %d is not known", i, d.GetDropPercentage().GetDenominator())
		}
		one := discovery.Drop{Category: limited(d.GetCategory()), Share: min(float64(d.GetDropPercentage().GetNumerator())/of, 1)}
		if one.Category == "" {
			one.Category = "unnamed"
		}
		if one.Share > 0 {
			drops = append(drops, one)
		}
	}
	return drops, nil
}
