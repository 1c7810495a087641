package resp

func (c *clientState) command(dst []byte, sub string, q localQuery) []byte {
	return appendHelp(dst, "command")
}
