package discovery

// Drop is a share of the requests, whoever sends them, that a source wants
// refused to spare the service.
type Drop struct {
	Category string  `json:"category"` // for people and metrics, never ""
	Share    float64 `json:"share"`    // more than 0, at most 1
}

// drops are what the sources want refused whose endpoints are given out. Each
// source's stand until it says otherwise, as its endpoints do.
func (k *Keeper) drops() []Drop {
	var all []Drop
	for _, o := range k.origins {
		if k.p.Prefer && len(o.good) > 0 {
			return o.drops
		}
		all = append(all, o.drops...)
	}
	return all
}
