"use strict";
for (const player of document.querySelectorAll(".player")) {
  const data = JSON.parse(player.parentElement.querySelector("script").textContent);
  const screen = player.querySelector(".screen");
  const output = player.querySelector("output");
  const slider = player.querySelector("input");
  const play = player.querySelector("[data-does=play]");
  const list = player.querySelector(".moments");
  const moments = [...list.querySelectorAll("button")];
  const last = data.frames.length - 1;
  let at = Number(player.dataset.still);
  let timer = 0;

  const show = (place) => {
    at = Math.max(0, Math.min(place, last));
    screen.textContent = data.frames[at].map((line) => data.lines[line]).join("\n");
    moments.forEach((each, index) => {
      if (index === at) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    });
    const [clock, words] = moments[at].children;
    output.textContent = `${clock.textContent}  ${words.textContent}`;
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", output.textContent);
    const item = moments[at].parentElement;
    if (item.offsetTop < list.scrollTop || item.offsetTop + item.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = item.offsetTop - list.clientHeight / 3;
    }
  };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    play.textContent = "▶ play";
  };
  const turn = () => {
    if (at >= last) return stop();
    const pause = Math.min(Math.max(data.at[at + 1] - data.at[at], 250), 1500);
    timer = setTimeout(() => {
      show(at + 1);
      turn();
    }, pause);
  };
  const start = () => {
    if (at >= last) show(0);
    play.textContent = "❚❚ pause";
    turn();
  };
  const deeds = {
    first: () => show(0),
    before: () => show(at - 1),
    after: () => show(at + 1),
  };
  player.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const was = timer;
    stop();
    if (button.dataset.does === "play") {
      if (!was) start();
    } else if (button.dataset.does) deeds[button.dataset.does]();
    else show(Number(button.dataset.frame));
  });
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
}
