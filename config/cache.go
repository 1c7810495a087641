package config

const (
	minCacheBytes = 1 << 20
	maxCacheBytes = 64 << 30
	minCacheEntry = 1 << 10
	maxCacheEntry = 16 << 20
	maxBeta       = 100
	// entryShare is how many of the largest entries a cache has room for at
	// least: one alone would push all others out.
	entryShare = 4
)

// cache reads [listener.cache].
func cache(t *table) Cache {
	defer t.done()
	c := Cache{
		Mode:         t.choose("mode", ModeOff, modes()),
		MaxBytes:     t.size("max_bytes", "64MiB", minCacheBytes, maxCacheBytes),
		MaxEntry:     t.size("max_entry", "1MiB", minCacheEntry, maxCacheEntry),
		Beta:         t.number("beta", 1, maxBeta),
		Coalesce:     t.flag("coalesce", true),
		CoalesceWait: t.span("coalesce_wait", "1s", ""),
		LastGood:     t.span("last_good", "0s", "none"),
	}
	t.cross(c.MaxEntry <= c.MaxBytes/entryShare, "max_bytes", "max_entry",
		"max_entry (%s) must be at most a quarter of max_bytes (%s)", sizeText(c.MaxEntry), sizeText(c.MaxBytes))
	return c
}
