// Package parser reads what an event says.
package parser
