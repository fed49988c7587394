using System.Globalization;
using System.Xml;

namespace Fabric.Cli.Testing;

/// <summary>Writes results as JUnit XML, the form that CI servers read: one suite, the topology; one case per step.</summary>
internal static class JunitReport
{
    public static void Write(TextWriter output, string topology, string file, IReadOnlyList<StepResult> results)
    {
        string failures = results.Count(r => r.Failure is not null).ToString(CultureInfo.InvariantCulture);
        string total = Seconds(results.Aggregate(TimeSpan.Zero, (sum, r) => sum + r.Elapsed));
        using XmlWriter xml = XmlWriter.Create(output, new XmlWriterSettings { Indent = true, CheckCharacters = false });
        xml.WriteStartElement("testsuites");
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", topology);
        xml.WriteAttributeString("tests", results.Count.ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString("failures", failures);
        xml.WriteAttributeString("errors", "0");
        xml.WriteAttributeString("skipped", "0");
        xml.WriteAttributeString("time", total);
        foreach (StepResult result in results)
            WriteCase(xml, topology, file, result);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteCase(XmlWriter xml, string topology, string file, StepResult result)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", topology);
        xml.WriteAttributeString("name", Clean(result.Step.Title));
        xml.WriteAttributeString("file", file);
        xml.WriteAttributeString("line", result.Step.Line.ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString("time", Seconds(result.Elapsed));
        if (result.Failure is not null)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("message", Clean(result.Failure));
            xml.WriteEndElement();
        }
        if (result.Output.Length > 0)
            xml.WriteElementString("system-out", Clean(result.Output));
        xml.WriteEndElement();
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A guest prints what it likes; XML 1.0 knows no control characters but tab and line ends.</summary>
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '\ufffd'));
}
