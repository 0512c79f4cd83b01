// The words of a mark: a title, and a line for each moment. Text only: nothing of it is read as markup.
export class Tip {
  constructor(element, stamp) {
    this.element = element;
    this.stamp = stamp;
  }

  // at: the point that it explains, in pixels of the chart.
  show(tip, at, width) {
    const key = JSON.stringify(tip);
    if (key !== this.key) {
      this.key = key;
      const title = document.createElement("strong");
      title.textContent = tip.title;
      this.element.replaceChildren(title, ...tip.lines.map(line => this.line(line)));
    }

    this.element.hidden = false;
    const own = this.element.getBoundingClientRect();
    const right = at.x + 14 + own.width <= width;
    this.element.style.left = `${Math.max(4, right ? at.x + 14 : at.x - 14 - own.width)}px`;
    this.element.style.top = `${Math.max(26, at.y + 14)}px`;
  }

  hide() {
    this.key = null;
    this.element.hidden = true;
  }

  line({ at, text }) {
    const row = document.createElement("span");
    if (at !== undefined && at !== null) {
      const time = document.createElement("time");
      time.textContent = this.stamp(at);
      row.append(time);
    }

    row.append(text);
    return row;
  }
}
