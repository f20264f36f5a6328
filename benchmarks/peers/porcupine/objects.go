// The sequential specifications of counters, sets, stores with revisions, several registers, and more containers. A state
// is a number, a string or a struct that can be compared, as in models.go.
package main

import (
	"fmt"
	"hash/maphash"
	"math/bits"
	"sort"

	"github.com/anishathalye/porcupine"
)

const golden = 0x9E3779B97F4A7C15

// A sum. A crashed add can always be last.
func counter(history *columns) (porcupine.Model, []any) {
	type call struct {
		reads  bool
		number int
	}
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		if f == "read" {
			inputs[row] = &call{true, history.Result[row]}
		} else {
			inputs[row] = &call{false, history.Argument[row]}
		}
	}
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, _ any) (bool, any) {
			asked := input.(*call)
			if asked.reads {
				return state.(int) == asked.number, state
			}
			return true, state.(int) + asked.number
		},
		Equal: func(a, b any) bool { return a.(int) == b.(int) },
		Hash:  func(state any) uint64 { return uint64(state.(int)+1) * golden },
	}, inputs
}

// A set of elements from 0 to 62, as bits; "result" is the set that a read saw.
func set(history *columns) (porcupine.Model, []any) {
	type call struct {
		f    string
		bits uint64
	}
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		if f == "read" {
			inputs[row] = &call{f, uint64(history.Result[row])}
		} else {
			inputs[row] = &call{f, 1 << history.Argument[row]}
		}
	}
	return porcupine.Model{
		Init: func() any { return uint64(0) },
		Step: func(state, input, _ any) (bool, any) {
			held, asked := state.(uint64), input.(*call)
			switch asked.f {
			case "read":
				return held == asked.bits, state
			case "add":
				return true, held | asked.bits
			}
			return true, held &^ asked.bits
		},
		Equal: func(a, b any) bool { return a.(uint64) == b.(uint64) },
		Hash:  func(state any) uint64 { return bits.RotateLeft64((state.(uint64)+1)*golden, 32) },
	}, inputs
}

const most = 8

// Values of a few keys, the revision at which each was written, and the last revision.
type versions struct {
	values, changed [most]int32
	revision        int32
}

// A store with one revision for all keys, which each put raises by one. A crashed put can always be last.
func versionedKV(history *columns, keys int) (porcupine.Model, []any, error) {
	if keys > most {
		return porcupine.Model{}, nil, fmt.Errorf("%d keys, and no more than %d fit", keys, most)
	}
	type call struct {
		gets, crashed        bool
		key, value, revision int32
	}
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		asked := &call{f == "get", history.Return[row] < 0, int32(history.Key[row]), int32(history.Argument[row]),
			int32(history.Revision[row])}
		if asked.gets {
			asked.value = int32(history.Result[row])
		}
		inputs[row] = asked
	}
	model := compared(versions{})
	model.Hash = func(state any) uint64 {
		held := state.(versions)
		hash := uint64(held.revision)
		for _, value := range held.values {
			hash = bits.RotateLeft64((hash^uint64(value))*golden, 29)
		}
		return hash
	}
	model.Step = func(state, input, _ any) (bool, any) {
		held, asked := state.(versions), input.(*call)
		if asked.gets {
			return held.values[asked.key] == asked.value && held.changed[asked.key] == asked.revision, state
		}
		if !asked.crashed && held.revision+1 != asked.revision {
			return false, state
		}
		held.revision++
		held.values[asked.key], held.changed[asked.key] = asked.value, held.revision
		return true, held
	}
	return model, inputs, nil
}

// Registers of which a call writes or reads several: "pairs" are their numbers and values. A crashed write can be last.
func multiRegister(history *columns) (porcupine.Model, []any, error) {
	type call struct {
		reads bool
		pairs [][2]int
	}
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		for _, pair := range history.Pairs[row] {
			if pair[0] >= most {
				return porcupine.Model{}, nil, fmt.Errorf("register %d, and no more than %d fit", pair[0], most)
			}
		}
		inputs[row] = &call{f == "read", history.Pairs[row]}
	}
	model := compared([most]int{})
	model.Hash = func(state any) uint64 {
		hash := uint64(0)
		for _, value := range state.([most]int) {
			hash = bits.RotateLeft64((hash^uint64(value))*golden, 29)
		}
		return hash
	}
	model.Step = func(state, input, _ any) (bool, any) {
		held, asked := state.([most]int), input.(*call)
		for _, pair := range asked.pairs {
			if asked.reads && held[pair[0]] != pair[1] {
				return false, state
			}
			held[pair[0]] = pair[1]
		}
		if asked.reads {
			return true, state
		}
		return true, held
	}
	return model, inputs, nil
}

// A model whose states are compared by ==.
func compared(initial any) porcupine.Model {
	return porcupine.Model{
		Init:  func() any { return initial },
		Equal: func(a, b any) bool { return a == b },
	}
}

// Items as a string, four bytes each, that are put in and taken out at both ends, or by size: the smallest first. A take
// of unknown end takes what is next, or nothing.
func ends(history *columns) (porcupine.Model, []any) {
	type call struct {
		f        string
		expected int
		item     string
	}
	inputs := make([]any, len(history.F))
	for row, f := range history.F {
		item := history.Argument[row]
		inputs[row] = &call{f, history.Result[row],
			string([]byte{byte(item >> 24), byte(item >> 16), byte(item >> 8), byte(item)})}
	}
	model := compared("")
	model.Hash = func(state any) uint64 { return maphash.String(seed, state.(string)) }
	model.Step = func(state, input, _ any) (bool, any) {
		items, asked := state.(string), input.(*call)
		switch asked.f {
		case "addFirst":
			return true, asked.item + items
		case "addLast":
			return true, items + asked.item
		case "enqueue":
			place := 4 * sort.Search(len(items)/4, func(i int) bool { return items[4*i:4*i+4] > asked.item })
			return true, items[:place] + asked.item + items[place:]
		}
		if items == "" {
			return asked.expected <= 0, state
		}
		item, rest := items[:4], any(items[4:])
		if asked.f == "pollLast" {
			item, rest = items[len(items)-4:], items[:len(items)-4]
		}
		value := int(item[0])<<24 | int(item[1])<<16 | int(item[2])<<8 | int(item[3])
		return asked.expected < 0 || value == asked.expected, rest
	}
	return model, inputs
}
