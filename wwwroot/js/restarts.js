// Containers and sandboxes that started again in pods that live on: no pod ended, but connections were reset or hang.
import { heading } from "./lanes.js";
import { fit, label, widthOf } from "./paint.js";

export class RestartLane {
  constructor(view, geo) {
    this.title = "Restarts";
    this.sub = "in pods that live on";
    this.restarts = view.restarts;
    this.h = geo.wide ? 24 : 20;
  }

  draw(ctx, geo, paint) {
    heading(ctx, geo, paint, this);
    ctx.font = paint.font(11);
    let free = geo.left;
    for (const restart of this.restarts) {
      const x = geo.x(restart.at), middle = this.y + this.h / 2;
      if (x < geo.left || x > geo.width - geo.right) continue;
      ctx.fillStyle = restart.kind === 1 ? paint["warn-text"] : paint.text;
      ctx.beginPath();
      ctx.moveTo(x, middle - 6);
      ctx.lineTo(x + 6, middle + 5);
      ctx.lineTo(x - 6, middle + 5);
      ctx.fill();
      if (x - 8 < free) continue;
      const text = fit(ctx, restart.text, geo.width - geo.right - x - 12);
      label(ctx, paint, text, x + 9, middle + 4, paint.text);
      free = x + 17 + widthOf(ctx, text);
    }
  }

  near(x, geo) { return this.restarts.filter(restart => Math.abs(geo.x(restart.at) - x) < 8); }

  hit(x, y, column, geo) {
    const [near] = this.near(x, geo);
    return near?.ip ? { ip: near.ip } : null;
  }

  tip(x, y, column, geo) {
    const near = this.near(x, geo);
    return near.length ? { title: near.length === 1 ? "Restart" : `${near.length} restarts`, lines: near.map(({ at, text }) => ({ at, text })) } : null;
  }

  values(column, view) {
    const from = view.from + column * view.step, to = from + view.step;
    return this.restarts.filter(restart => restart.at >= from && restart.at < to).map(restart => ({ text: restart.text }));
  }
}
