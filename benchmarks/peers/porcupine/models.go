// The sequential specifications, written so that Porcupine runs at its best: states are small integers or strings with a
// Hash, operations are read through one pointer, and a state that is known beforehand is boxed once, not at every step.
package main

import (
	"hash/maphash"

	"github.com/anishathalye/porcupine"
)

const (
	read = iota
	write
	cas
	add
)

var codes = map[string]int{"read": read, "write": write, "cas": cas, "get": read, "put": write, "append": add,
	"enqueue": write, "push": write, "dequeue": read, "pop": read}

// A crashed cas may find another value than it expects, even after everything else: then it has no effect. (A crashed
// write can always be last.)
type registerCall struct {
	f, expected int
	next        any
	crashed     bool
}

func register(history *columns) (porcupine.Model, []any) {
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		call := &registerCall{f: codes[f]}
		switch call.f {
		case read:
			call.expected = history.Result[row]
		case write:
			call.next = history.Argument[row]
		case cas:
			call.expected, call.next = history.Argument[row], history.Second[row]
			call.crashed = history.Return[row] < 0
		}
		inputs[row] = call
	}
	initial := history.Initial
	return porcupine.Model{
		Init: func() any { return initial },
		Step: func(state, input, _ any) (bool, any) {
			call := input.(*registerCall)
			if call.f == write {
				return true, call.next
			}
			if state.(int) != call.expected {
				return call.crashed, state
			}
			if call.f == read {
				return true, state
			}
			return true, call.next
		},
		Equal: func(a, b any) bool { return a.(int) == b.(int) },
		Hash:  func(state any) uint64 { return uint64(state.(int)+1) * 0x9E3779B97F4A7C15 },
	}, inputs
}

type kvCall struct {
	f, key int
	text   string
	boxed  any
}

var seed = maphash.MakeSeed()

func kvInputs(history *columns) []any {
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		text := history.Text[row]
		inputs[row] = &kvCall{codes[f], history.Key[row], text, text}
	}
	return inputs
}

func kv(history *columns) (porcupine.Model, []any) {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, _ any) (bool, any) {
			call := input.(*kvCall)
			switch call.f {
			case read:
				return state.(string) == call.text, state
			case write:
				return true, call.boxed
			}
			return true, state.(string) + call.text
		},
		Equal: func(a, b any) bool { return a.(string) == b.(string) },
		Hash:  func(state any) uint64 { return maphash.String(seed, state.(string)) },
	}, kvInputs(history)
}

// A state of all keys: its hash is kept up to date key by key.
type store struct {
	values []string
	hash   uint64
}

func whole(history *columns, keys int) (porcupine.Model, []any) {
	return porcupine.Model{
		Init: func() any { return &store{values: make([]string, keys)} },
		Step: func(state, input, _ any) (bool, any) {
			before, call := state.(*store), input.(*kvCall)
			value := before.values[call.key]
			if call.f == read {
				return value == call.text, state
			}
			after := &store{make([]string, keys), before.hash}
			copy(after.values, before.values)
			after.values[call.key] = call.text
			if call.f == add {
				after.values[call.key] = value + call.text
			}
			after.hash ^= ofKey(call.key, value) ^ ofKey(call.key, after.values[call.key])
			return true, after
		},
		Equal: func(a, b any) bool {
			one, other := a.(*store), b.(*store)
			if one.hash != other.hash {
				return false
			}
			for key, value := range one.values {
				if value != other.values[key] {
					return false
				}
			}
			return true
		},
		Hash: func(state any) uint64 { return state.(*store).hash },
	}, kvInputs(history)
}

// An empty value counts as nothing, so that a key that was never written is one that was emptied.
func ofKey(key int, value string) uint64 {
	if value == "" {
		return 0
	}
	return maphash.String(seed, value) * (2*uint64(key) + 1)
}

// A container: its items as a string, four bytes each. A take of unknown end takes what is next, or nothing.
func container(history *columns, newest bool) (porcupine.Model, []any) {
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		call := &registerCall{f: codes[f], expected: history.Result[row]}
		item := history.Argument[row]
		call.next = string([]byte{byte(item >> 24), byte(item >> 16), byte(item >> 8), byte(item)})
		inputs[row] = call
	}
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, _ any) (bool, any) {
			items, call := state.(string), input.(*registerCall)
			if call.f == write {
				return true, items + call.next.(string)
			}
			if items == "" {
				return call.expected <= 0, state
			}
			item, rest := items[:4], any(items[4:])
			if newest {
				item, rest = items[len(items)-4:], items[:len(items)-4]
			}
			value := int(item[0])<<24 | int(item[1])<<16 | int(item[2])<<8 | int(item[3])
			return call.expected < 0 || value == call.expected, rest
		},
		Equal: func(a, b any) bool { return a.(string) == b.(string) },
		Hash:  func(state any) uint64 { return maphash.String(seed, state.(string)) },
	}, inputs
}
