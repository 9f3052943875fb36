/** The report's look, for light and dark screens and for paper. Curves differ in dash as well as in colour. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fbfbfa; --card: #ffffff; --ink: #1d2125; --soft: #5c6670; --rule: #dfe3e6; --band: #f0f3f5;
  --good: #14713a; --good-back: #e3f4e9; --bad: #b3261e; --bad-back: #fdeae8; --mark: #9a6b00;
  --c0: #1664b0; --c1: #b3261e; --c2: #14713a; --c3: #8a3ab9; --c4: #9a6b00; --c5: #00737d; --c6: #a2326e; --c7: #5c6670; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1c2024; --ink: #e8eaec; --soft: #a3adb6; --rule: #363d44; --band: #23292e;
  --good: #7fd6a0; --good-back: #16301f; --bad: #ff9b92; --bad-back: #3b1a18; --mark: #e3b341;
  --c0: #74b3f2; --c1: #ff8f85; --c2: #7fd6a0; --c3: #cf9df0; --c4: #e3b341; --c5: #5fd0da; --c6: #f08fc0; --c7: #a3adb6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 19px; margin: 36px 0 10px; }
p { margin: 6px 0; } .soft { color: var(--soft); }
.verdict { border-radius: 10px; padding: 16px 20px; margin: 16px 0; border-left: 8px solid; }
.verdict.passed { background: var(--good-back); border-color: var(--good); } .verdict.failed { background: var(--bad-back); border-color: var(--bad); }
.verdict strong { font-size: 22px; } .passed strong, td.ok, .ok { color: var(--good); } .failed strong, .not-ok { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 16px 0; }
.tile, figure, .card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tile { padding: 10px 14px; } .tile b { display: block; font-size: 24px; line-height: 1.25; } .tile span { color: var(--soft); font-size: 13px; }
.card { padding: 14px 18px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 16px; }
.pair { grid-column: 1 / -1; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
@media (max-width: 800px) { .pair { grid-template-columns: 1fr; } }
figure { margin: 0; padding: 12px 14px; } figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; } svg .small { font-size: 10px; }
svg text.strong { fill: var(--mark); font-weight: 700; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); stroke-dasharray: 7 2; } .s2 { stroke: var(--c2); stroke-dasharray: 2 2; }
.s3 { stroke: var(--c3); stroke-dasharray: 8 2 2 2; } .s4 { stroke: var(--c4); stroke-dasharray: 4 3; } .s5 { stroke: var(--c5); stroke-dasharray: 1 3; }
.s6 { stroke: var(--c6); stroke-dasharray: 10 4; } .s7 { stroke: var(--c7); stroke-dasharray: 3 1; }
.grid { stroke: var(--rule); fill: none; } .axis { stroke: var(--soft); fill: none; } .band { fill: var(--band); }
.mark { stroke: var(--mark); fill: none; stroke-dasharray: 3 3; opacity: 0.55; } .mark.strong { opacity: 1; stroke-width: 2.5; stroke-dasharray: none; }
.whisker { stroke: var(--c0); stroke-width: 1.5; fill: none; } .range { stroke: var(--c0); stroke-width: 12; fill: none; opacity: 0.5; }
.middle { stroke: var(--ink); stroke-width: 3; fill: none; } .worst { fill: var(--bad); }
.bar { fill: var(--c0); } .key .range { stroke-width: 8; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 6px 0 0; padding: 0; font-size: 13px; color: var(--soft); }
.key { display: inline-block; width: 24px; height: 8px; margin-right: 6px; vertical-align: middle; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 4px 0; } th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th[scope=row] { font-weight: 500; } thead th { color: var(--soft); font-weight: 600; font-size: 13px; }
details { margin-top: 8px; font-size: 13px; } summary { cursor: pointer; color: var(--soft); } details .scroll { max-height: 320px; overflow: auto; }
@media print { details { display: none; } figure, .verdict { break-inside: avoid; } }
`;
