package parser

import "testing"

func TestTheBuiltInRulesHoldTheirOwnExamples(t *testing.T) {
	if _, err := New(); err != nil {
		t.Fatal(err)
	}
}
