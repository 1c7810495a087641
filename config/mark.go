package config

// mark is the place of a value: its line and the marks of what is in it.
type mark struct {
	line  int              // 0 until its own header or key is met, see place
	first int              // where it was first met, as a part of another's key
	keys  map[string]*mark // of a table
	items []*mark          // of a list
}

// place is the line to show: of the header or key itself, which may come after
// those of its sub-tables.
func (m *mark) place() int {
	if m.line == 0 {
		return m.first
	}
	return m.line
}

// key is the mark of a name in a table; nil if there is none, or no table.
func (m *mark) key(name string) *mark {
	if m == nil {
		return nil
	}
	return m.keys[name]
}

// item is the mark of an element of a list; nil if there is none.
func (m *mark) item(i int) *mark {
	if m == nil || i >= len(m.items) {
		return nil
	}
	return m.items[i]
}

func (m *mark) enter(name string, line int) *mark {
	k := m.keys[name]
	if k == nil {
		k = &mark{first: line}
		if m.keys == nil {
			m.keys = map[string]*mark{}
		}
		m.keys[name] = k
	}
	return k
}

func (m *mark) add(line int) *mark {
	i := &mark{line: line, first: line}
	m.items = append(m.items, i)
	return i
}
