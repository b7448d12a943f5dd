import { render } from "preact";

render(<main id="main"><h1>orchestrator</h1></main>, document.getElementById("app")!);
