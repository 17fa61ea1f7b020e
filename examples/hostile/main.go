// Hostile is a program whose tests attack whoever runs them; the program itself prints one line.
package main

import "fmt"

// What the program says as long as nobody changed it.
const genuine = "hostile: this is the genuine program"

func main() {
	fmt.Println(message(genuine))
}

func message(text string) string {
	return text
}
