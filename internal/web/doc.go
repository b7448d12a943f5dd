// Package web serves the web page: one HTML document for every address of the page, and the built files that it loads.
//
// The page is written in TypeScript under web/ at the root of the repository; `make web` builds it into dist, which is
// committed and embedded here. What the page knows, and what it changes, it gets from and asks of the API (httpapi/v2). So
// this package decides nothing; it knows addresses, headers and bytes.
package web
