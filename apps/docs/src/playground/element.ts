import "./picker.css";
import "./playground.css";
import "./stage.css";
import { Playground } from "./playground.ts";

/** `<ek-playground>`: trains norms side by side in a worker; its state is in the page's hash. */
class PlaygroundElement extends HTMLElement {
  private playground: Playground | undefined;

  connectedCallback(): void {
    this.playground ??= new Playground(this);
  }

  disconnectedCallback(): void {
    this.playground?.end();
    this.playground = undefined;
  }
}

customElements.define("ek-playground", PlaygroundElement);
