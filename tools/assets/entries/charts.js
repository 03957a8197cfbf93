// The part of ECharts that the console draws with: what is not named here is not shipped.
import { BarChart, LineChart, PieChart } from 'echarts/charts';
import {
  GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent,
} from 'echarts/components';
import { getInstanceByDom, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([
  BarChart, CanvasRenderer, GridComponent, LegendComponent, LineChart, MarkAreaComponent,
  MarkLineComponent, PieChart, TooltipComponent,
]);

export { getInstanceByDom, init };
